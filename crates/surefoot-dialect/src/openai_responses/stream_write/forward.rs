//! Frames that came in this dialect: passed on, and followed.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use surefoot_types::conversation::Event;

use super::{super::own, Open, Writer};
use crate::{json::vec_of, sse, stream::Frame};

/// What has to be known of a forwarded frame.
#[derive(Deserialize)]
struct Head {
    r#type: String,
    #[serde(default)]
    output_index: usize,
    item: Option<Value>,
    part: Option<Value>,
    response: Option<Value>,
}

impl Writer {
    /// A frame that came in this dialect.
    pub(crate) fn forward(&mut self, frame: &Frame, out: &mut Vec<u8>) {
        if self.taken_over {
            return frame.events.iter().for_each(|event| self.take(event, out));
        }
        let is_delta = frame.name.as_deref().is_some_and(|name| name.ends_with(".delta"));
        let head = if is_delta { None } else { serde_json::from_slice::<Head>(&frame.data).ok() };
        let Some(head) = head else {
            self.follow(&frame.events);
            self.sequence += 1;
            return sse::write(out, frame.name.as_deref(), &frame.data);
        };
        let data = self.owned(&head, &frame.data);
        let item = head.item.as_ref();
        if head.r#type == "response.output_item.added" {
            self.next = head.output_index;
            self.open = item.and_then(|item| Open::of(item, head.output_index));
        }
        let is_part = self.open.as_mut().is_some_and(|open| open.follow(&head.r#type, head.part.as_ref()));
        if !is_part {
            self.follow(&frame.events);
        }
        self.sequence += 1;
        match head.r#type.as_str() {
            "response.output_item.added" => self.added(head.output_index, item),
            "response.output_item.done" => self.done(head.output_index, head.item),
            "response.created" => self.begun = head.response,
            "response.in_progress" => self.progressed = true,
            "response.completed" | "response.incomplete" => {
                self.held = Some((head.r#type, data));
                return;
            }
            "response.failed" | "error" => return,
            _ => {}
        }
        // SDKs go by the event's name, which some imitators leave out.
        let name = frame.name.as_deref().unwrap_or(&head.r#type);
        sse::write(out, Some(name), &data);
    }

    /// The data of a forwarded frame, with our own fields in the response that it may hold.
    fn owned(&self, head: &Head, data: &Bytes) -> Bytes {
        if self.own.is_empty() || head.response.is_none() {
            return data.clone();
        }
        let Ok(mut frame) = serde_json::from_slice::<Value>(data) else { return data.clone() };
        own::own_put(&mut frame["response"], &self.own);
        vec_of(&frame).into()
    }

    fn added(&mut self, index: usize, item: Option<&Value>) {
        self.next = index + 1;
        let id = item.and_then(|item| item.get("id")).and_then(Value::as_str);
        if let (Some(call), Some(id)) = (self.calls.iter_mut().find(|call| call.index == index), id) {
            id.clone_into(&mut call.item_id);
        } else if self.open.as_ref().is_none_or(|open| open.index != index) {
            self.foreign.push((index, id.into()));
        }
    }

    fn done(&mut self, index: usize, item: Option<Value>) {
        self.open.take_if(|open| open.index == index);
        self.calls.iter_mut().filter(|call| call.index == index).for_each(|call| call.ended = true);
        self.items.extend(item.map(|item| (index, item)));
    }

    /// Follows what a forwarded frame says.
    fn follow(&mut self, events: &[Event]) {
        let was = (self.silent, self.progressed);
        self.silent = true;
        events.iter().for_each(|event| self.take(event, &mut Vec::new()));
        (self.silent, self.progressed) = was;
    }
}
