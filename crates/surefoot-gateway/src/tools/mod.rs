//! Tools that are run here: the model asks for one, and is asked again with what it gave, within bounds.
//!
//! Two kinds go one way: the search of knowledge that a caller asks for (`file_search`), and the tools of MCP servers
//! that a function may use. What a tool gives is data from outside, and is shown to the model as such.

mod filter;
mod offer;
mod run;

use std::borrow::Cow;

use surefoot_dialect::Frame;
use surefoot_types::{
    Fault, Money, Usage,
    conversation::{Answer, Event, Finish, Message, Part, Role, Tool, ToolChoice},
};

pub(crate) use self::{filter::Filter, offer::offer};
use self::{offer::Kind, run::Ran};
use crate::{
    accounts::Hold,
    attempt::{Attempting, Outlet},
    call::Whole,
    guards::Guards,
    record::Tale,
    screen::{Screened, screen_more},
};

/// The tools that are run here for one request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Toolset {
    offered: Vec<Offered>,
    /// What was run already, before the model was asked: the items that tell of it.
    begun: Vec<Part>,
    bounds: Bounds,
    /// Whether the caller wants what a search found beside the answer.
    results: bool,
}

/// One of them.
#[derive(Debug, Clone)]
struct Offered {
    tool: Tool,
    kind: Kind,
}

/// How far the loop goes. Its time is the request's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// How often the model may ask for tools before it has to answer.
    pub turns: u32,
    /// How many calls it may make in all.
    pub calls: u32,
    /// What the attempts may cost before it has to answer.
    pub cost: Option<Money>,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { turns: 8, calls: 32, cost: None }
    }
}

impl Toolset {
    /// Whether there is none, so that one attempt is all there is.
    pub(crate) fn is_empty(&self) -> bool {
        self.offered.is_empty() && self.begun.is_empty()
    }

    /// Asks the targets, runs what tools the model asks for, and asks again, until it answers or a bound is reached:
    /// then it is asked to answer without.
    ///
    /// Gives the answer, and the prompt as the model saw it last.
    pub(crate) async fn converse<'a>(
        &self,
        attempting: Attempting<'a>,
        tale: &mut Tale,
        hold: &mut Hold,
        outlet: &mut Outlet,
    ) -> Result<(Option<Whole>, Cow<'a, Screened>), Fault> {
        if self.is_empty() {
            return Ok((attempting.run(tale, hold, outlet).await?, Cow::Borrowed(attempting.prompt)));
        }
        let mut talk = Talk::begin(attempting.prompt, &self.begun);
        tale.shown(&talk.prompt.grounded.hits);
        outlet.filtered(Filter::new(self.offered.iter().map(|one| one.tool.name.clone()), events(&self.begun)));
        for turn in 0..=self.bounds.turns {
            let spent = self.bounds.cost.is_some_and(|most| tale.spent() >= most);
            let last = turn == self.bounds.turns || talk.calls >= self.bounds.calls || spent;
            if last {
                talk.prompt.grounded.request.tool_choice = Some(ToolChoice::None);
            }
            outlet.round();
            let whole = Attempting { prompt: &talk.prompt, ..attempting }.run(tale, hold, outlet).await?;
            talk.heard(tale);
            let turned = Turn::of(tale, self);
            if last || turned.ours.is_empty() || turned.theirs {
                return self.close(talk, turned, whole, tale, outlet).await;
            }
            let ran = self.run(&attempting, &turned.ours, &talk, tale).await?;
            talk.calls = talk.calls.saturating_add(u32::try_from(turned.ours.len()).unwrap_or(u32::MAX));
            talk.said.extend(turned.visible());
            tale.enter("screen");
            talk.go_on(attempting.plan.guards(attempting.project), turned.parts, ran)?;
            tale.shown(&talk.prompt.grounded.hits);
            tale.screened(&talk.prompt);
            outlet.guard_renew(&talk.prompt).await?;
            talk.tell(outlet).await?;
            tale.enter("reserve");
            attempting.reserve.chat(&mut talk.prompt, hold).await?;
            tale.reserved(&talk.prompt);
            tale.enter("attempt");
        }
        Err(Fault::internal("a conversation with tools did not end"))
    }

    /// The end: what the caller is told of the whole conversation, and what the trace says was answered.
    async fn close<'a>(
        &self,
        mut talk: Talk,
        turned: Turn,
        whole: Option<Whole>,
        tale: &mut Tale,
        outlet: &mut Outlet,
    ) -> Result<(Option<Whole>, Cow<'a, Screened>), Fault> {
        talk.said.extend(turned.visible());
        let finish = match turned.finish {
            // Only what is run here was asked for, and nothing more is run.
            Finish::ToolCalls if !turned.theirs => Finish::Stop,
            finish => finish,
        };
        tale.told(talk.said.clone(), finish.clone());
        let usage = (talk.usage != Usage::default()).then_some(talk.usage);
        outlet.close(finish.clone(), usage).await?;
        let whole = whole.map(|whole| {
            let answer = Answer { parts: talk.said, finish, usage, ..whole.answer };
            Whole { answer, raw: None }
        });
        Ok((whole, Cow::Owned(talk.prompt)))
    }
}

/// A conversation on its way.
struct Talk {
    prompt: Screened,
    /// What the caller gets to see of it.
    said: Vec<Part>,
    /// What was run, of which the caller is not told yet.
    ran: Vec<Part>,
    usage: Usage,
    /// How many calls the model made of tools that are run here.
    calls: u32,
}

impl Talk {
    fn begin(prompt: &Screened, begun: &[Part]) -> Self {
        Self { prompt: prompt.clone(), said: begun.to_vec(), ran: Vec::new(), usage: Usage::default(), calls: 0 }
    }

    /// Counts what the attempt that ended last used.
    fn heard(&mut self, tale: &Tale) {
        let used = tale.trace().attempts.last().and_then(|attempt| attempt.usage);
        self.usage = used.map_or(self.usage, |used| self.usage.plus(used));
    }

    /// Puts what was said and what the tools gave before the model, for its next turn. The guards look at it like at
    /// all that leaves.
    fn go_on(&mut self, guards: &Guards, said: Vec<Part>, ran: Vec<Ran>) -> Result<(), Fault> {
        let message = |role, parts| Message { role, parts, extra: serde_json::Map::new() };
        self.prompt.grounded.request.messages.push(message(Role::Assistant, said));
        let (mut results, mut hits) = (Vec::new(), Vec::new());
        for one in ran {
            results.push(message(Role::Tool, vec![one.result]));
            hits.extend(one.hits);
            self.ran.extend(one.told);
        }
        screen_more(guards, &mut self.prompt, results, hits)?;
        let request = &mut self.prompt.grounded.request;
        // A call that was demanded was made: to demand it again would never end.
        if !matches!(request.tool_choice, Some(ToolChoice::None) | None) {
            request.tool_choice = Some(ToolChoice::Auto);
        }
        // What there was money for before says nothing of what there is now.
        if self.prompt.grounded.cap.take().is_some() {
            request.parameters.max_tokens = None;
        }
        Ok(())
    }

    /// Tells the caller of what was run, in dialects that have words for it.
    async fn tell(&mut self, outlet: &mut Outlet) -> Result<(), Fault> {
        let items = std::mem::take(&mut self.ran);
        let events = events(&items);
        self.said.extend(items);
        outlet.aside(Frame::made(events)).await
    }
}

/// The items that tell of calls, as events of a stream.
fn events(items: &[Part]) -> Vec<Event> {
    let event = |part: &Part| match part {
        Part::Other { dialect, value } => Some(Event::Other { dialect: *dialect, value: value.clone() }),
        _ => None,
    };
    items.iter().filter_map(event).collect()
}

/// What the model said in one turn.
struct Turn {
    parts: Vec<Part>,
    /// Its calls of tools that are run here: id, name, arguments.
    ours: Vec<(String, String, String)>,
    /// Whether it also calls tools of the caller's.
    theirs: bool,
    finish: Finish,
}

impl Turn {
    fn of(tale: &Tale, tools: &Toolset) -> Self {
        let parts = tale.trace().answer.clone();
        let (mut ours, mut theirs) = (Vec::new(), false);
        for part in &parts {
            let Part::ToolCall { id, name, arguments } = part else { continue };
            if tools.offered.iter().any(|one| one.tool.name == *name) {
                ours.push((id.clone(), name.clone(), arguments.clone()));
            } else {
                theirs = true;
            }
        }
        let finish = tale.trace().finish.clone().unwrap_or(Finish::Stop);
        Self { parts, ours, theirs, finish }
    }

    /// What of it the caller sees: all but the calls that are its own business.
    fn visible(&self) -> Vec<Part> {
        let ours = |part: &Part| matches!(part, Part::ToolCall { id, .. } if self.ours.iter().any(|one| one.0 == *id));
        self.parts.iter().filter(|part| !ours(part)).cloned().collect()
    }
}
