//! How a request to a model is taken in: whoever may not call is refused before anything of it is read.

use axum::{body::Body, http::HeaderMap};
use bytes::Bytes;
use surefoot_gateway::Caller;
use surefoot_types::{Fault, ids::TraceId, key::Admin};

use crate::{body, caller::caller, state::App};

/// A request of a caller who may call, as it came.
pub(crate) struct Intake {
    pub(crate) trace_id: TraceId,
    pub(crate) caller: Caller,
    pub(crate) body: Bytes,
}

/// A request that was refused at the door, and recorded.
pub(crate) struct Refused {
    pub(crate) trace_id: TraceId,
    pub(crate) fault: Fault,
}

/// Takes a request in, and has it read.
pub(crate) async fn take_in<T>(
    app: &App,
    door: &'static str,
    headers: &HeaderMap,
    body: Body,
    read: impl FnOnce(Intake) -> Result<T, Fault>,
) -> Result<T, Refused> {
    let trace_id = app.gateway.mint_trace();
    let caller = caller(app, headers);
    let admitted = match app.gateway.admit(&caller, Admin::None) {
        Ok(admitted) => admitted,
        Err(fault) => {
            body::discard(body);
            if app.strangers.may_record(app.clock.now()) {
                app.gateway.refuse(trace_id, door, None, &fault).await;
            }
            return Err(Refused { trace_id, fault });
        }
    };
    let taken = body::read(body, app.body_limit).await.and_then(|body| read(Intake { trace_id, caller, body }));
    match taken {
        Ok(taken) => Ok(taken),
        Err(fault) => {
            app.gateway.refuse(trace_id, door, admitted.as_ref(), &fault).await;
            Err(Refused { trace_id, fault })
        }
    }
}
