//! Tool calls that a limit cut in the middle: they must never look whole, or a client runs them.

use surefoot_types::conversation::Finish;

/// The number, among `calls` tool calls, of the one that may have been cut, given why the answer
/// ended. Only the last can be, and not when the model says that it was done.
pub(crate) fn cut(finish: &Finish, calls: usize) -> Option<usize> {
    match finish {
        Finish::Stop | Finish::ToolCalls => None,
        Finish::Length | Finish::Refusal | Finish::Other(_) => calls.checked_sub(1),
    }
}
