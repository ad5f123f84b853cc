//! A transcript rewritten to what came: only the lines that did not fit change.
//!
//! Comments, empty lines, messages to the plugin and every expectation that was met stay as they are written. In one that
//! was not met, what fitted stays with its `…`, and the rest becomes what came.

use std::ops::Range;

use super::{Deed, Expected, Frame, Port, prefixed};

/// What came on one port when it was played.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Came {
    /// For each step of the port, the frames that came when it was its turn: of an expectation that was met or not, the
    /// one; of a message after which nothing was expected, those that followed it.
    pub(crate) at_steps: Vec<Vec<Frame>>,
    /// Those that came after the last step, while the port was open.
    pub(crate) after: Vec<Frame>,
    /// Those that came while it ended.
    pub(crate) at_end: Vec<Frame>,
}

/// Some lines of a file and what is to stand in their place.
type Edit = (Range<usize>, Vec<String>);

/// The text with these ports as they were.
pub(crate) fn blessed(text: &str, ports: &[(&Port, &Came)]) -> String {
    let ending = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut edits: Vec<Edit> = ports
        .iter()
        .flat_map(|(port, came)| edits(port, came))
        .collect();
    edits.sort_by_key(|(lines, _)| (lines.start, lines.end));
    let lines: Vec<&str> = text.lines().collect();
    let mut written: Vec<&str> = Vec::with_capacity(lines.len());
    let mut at = 0;
    for (place, new) in &edits {
        written.extend(&lines[at..place.start]);
        written.extend(new.iter().map(String::as_str));
        at = place.end;
    }
    written.extend(&lines[at..]);
    let mut text = written.join(ending);
    text.push_str(ending);
    text
}

fn edits(port: &Port, came: &Came) -> Vec<Edit> {
    let mut edits = Vec::new();
    let mut end = 0;
    let mut is_closed = false;
    for (place, step) in port.steps.iter().enumerate() {
        let frames = came.at_steps.get(place).map_or(&[][..], Vec::as_slice);
        end = step.lines.end;
        is_closed |= step.deed == Deed::Close;
        match (&step.deed, frames) {
            (Deed::Expect(_), []) => edits.push((step.lines.clone(), Vec::new())),
            (Deed::Expect(expected), [frame, ..]) => {
                if expected.compare(frame).is_err() {
                    edits.push((step.lines.clone(), expected.blessed(frame)));
                }
            }
            (Deed::Send(_) | Deed::Close, frames) => {
                edits.extend(added(step.lines.end, frames));
            }
        }
    }
    let mut last: Vec<String> = came.after.iter().flat_map(Frame::lines).collect();
    if !came.at_end.is_empty() {
        if !is_closed {
            last.push(".".to_owned());
        }
        last.extend(came.at_end.iter().flat_map(Frame::lines));
    }
    if !last.is_empty() {
        edits.push((end..end, last));
    }
    edits
}

/// The lines that expect these frames, after a line of the file.
fn added(after: usize, frames: &[Frame]) -> Option<Edit> {
    let lines: Vec<String> = frames.iter().flat_map(Frame::lines).collect();
    (!lines.is_empty()).then_some((after..after, lines))
}

impl Expected {
    /// The lines in the place of these, which the frame did not meet.
    fn blessed(&self, frame: &Frame) -> Vec<String> {
        match (self, frame.error()) {
            (Self::Message(json), None) => prefixed('<', &json.blessed(&frame.json).lines()),
            _ => frame.lines(),
        }
    }
}
