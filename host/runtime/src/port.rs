//! One port from its first frame to its end: read, route, call, answer.
//!
//! The decision that shaped it: one thread, and while nothing is under way, one blocking read. A message that is
//! answered at once costs a read, a call and a write. Only when a plugin runs longer than a tick, waits, or has timers,
//! or the browser does not read, does the loop wait for several things at once, with `poll(2)`; then the end of input,
//! signals and timers are noticed while the plugin runs. Everything that waits is bounded: a lane that is full stops
//! the reading, and a browser that does not read stops the sending.

mod ending;
mod guard;
mod lane;
mod lent;
mod stdio;
mod wait;
mod wake;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use portcullis_core::caller::Caller;
use portcullis_core::policy::{Lifetime, PortRoutes};
use portcullis_core::protocol::frame::Inbound;
use portcullis_core::protocol::report::Report;
use portcullis_core::protocol::{INBOUND_CEILING, json};
use portcullis_sandbox::alarms::Alarms;
use portcullis_sandbox::{Engine, Mode, Peer};

use crate::answer;
use crate::channel::{Input, Output, Received, Sent};
use crate::crashes::Crashes;
use crate::exit::Exit;
use crate::plugins::Candidate;
use crate::signals;
use ending::Ending;
use lane::{Lane, Message};

/// How long the loop may look at frames before it looks at everything else: one tick of a guest.
const TURN: Duration = Duration::from_millis(10);

/// What serves a port.
pub(crate) enum Service {
    /// Plugins, by these routes.
    Routes {
        routes: PortRoutes,
        plugins: Vec<Candidate>,
        engine: Engine,
        crashes: Crashes,
    },
    /// Nothing: every message gets this report.
    Refused(Box<Report>),
}

/// What all parts of one port share.
#[derive(Clone)]
struct Shared {
    output: Arc<Mutex<Output>>,
    alarms: Alarms,
    crashes: Crashes,
}

impl Shared {
    fn output(&self) -> MutexGuard<'_, Output> {
        // No code runs under the lock that could leave the output half-changed.
        self.output.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Something that could not be handed on yet. Nothing is read while there is one.
enum Held {
    Message { place: usize, message: Message },
    Report(Report),
}

struct Port {
    shared: Shared,
    service: Service,
    peer: Peer,
    input: Input,
    lanes: Vec<Option<Lane>>,
    held: Option<Held>,
    /// Whether frames that have arrived are still to be looked at: the loop has other things to see to in between.
    more: bool,
    messages: u64,
    first_message: Option<Instant>,
    no_reply_sent: bool,
    ending: Ending,
    exit: Exit,
}

/// Serves one port to its end.
pub(crate) fn serve(caller: Caller, service: Service, output: Output) -> Exit {
    let began = Instant::now();
    let mut port = Port::new(caller, service, output);
    tracing::debug!("port opened");
    let shared = port.shared.clone();
    let exit = guard::guarded(&shared, || {
        port.connect_sessions();
        port.run()
    });
    for lane in port.lanes.iter().flatten() {
        lane.tell_used();
    }
    let (received, sent, dropped) = {
        let output = port.shared.output();
        (port.messages, output.frames(), output.dropped())
    };
    if dropped > 0 {
        // A one-shot browser closes its ends after the first frame, and argv does not say that it is one: a plugin that
        // posts on is at fault only if somebody wonders where that went.
        tracing::info!("the browser had closed its end: dropped {dropped} messages");
    }
    let milliseconds = began.elapsed().as_millis();
    tracing::info!(received, sent, milliseconds, "port closed");
    exit
}

impl Port {
    fn new(caller: Caller, service: Service, output: Output) -> Self {
        let (lanes, limit, exit, crashes) = match &service {
            Service::Routes {
                routes, crashes, ..
            } => {
                let limit = u32::try_from(routes.message_limit()).unwrap_or(INBOUND_CEILING);
                (
                    routes.as_slice().len(),
                    limit,
                    Exit::Normal,
                    crashes.clone(),
                )
            }
            // Nothing is kept of a message that nobody will see.
            Service::Refused(_) => (0, 0, Exit::Misconfigured, Crashes::none()),
        };
        Self {
            shared: Shared {
                output: Arc::new(Mutex::new(output)),
                alarms: Alarms::default(),
                crashes,
            },
            service,
            peer: Peer {
                origin: caller.origin,
                host_name: caller.host_name,
            },
            input: Input::new(limit),
            lanes: std::iter::repeat_with(|| None).take(lanes).collect(),
            held: None,
            more: false,
            messages: 0,
            first_message: None,
            no_reply_sent: false,
            ending: Ending::default(),
            exit,
        }
    }

    /// A session whose route fits every message may post before the first one, so it is started with the port.
    fn connect_sessions(&mut self) {
        let Service::Routes { routes, .. } = &self.service else {
            return;
        };
        if let Some(place) = routes.unconditional()
            && let Ok(lane) = self.lane(place)
        {
            lane.connect();
        }
    }

    fn run(&mut self) -> Exit {
        loop {
            if signals::ended() {
                self.ending.begin(&self.shared.alarms);
            }
            self.hand_on_held();
            self.take_frames();
            self.run_lanes();
            let output_is_closed = {
                let mut output = self.shared.output();
                output.flush();
                output.is_closed()
            };
            if output_is_closed {
                self.end_without_output();
            }
            if self.input_is_used_up() {
                self.close_lanes();
            }
            if self.has_ended() {
                return self.exit;
            }
            self.wait();
        }
    }

    /// Takes the frames that have arrived, as long as they can be handed on and for one turn of the loop at the most:
    /// a burst of small frames for a slow plugin must not keep it from signals, timers and the end.
    fn take_frames(&mut self) {
        self.more = false;
        let mut is_first = true;
        let mut until = None;
        while self.held.is_none() && !self.ending.discards_input() {
            let Some(inbound) = self.input.next_frame() else {
                return;
            };
            // The clock is asked from the second frame on: most often there is none.
            let is_last = !std::mem::take(&mut is_first)
                && Instant::now() >= *until.get_or_insert_with(|| Instant::now() + TURN);
            self.messages += 1;
            match inbound {
                Inbound::Frame(body) => self.take_message(body),
                Inbound::TooLong { length } => self.refuse_too_long(u64::from(length)),
            }
            // A message that is answered at once is, before the next one is looked at: its buffer is then free again,
            // and a burst of messages needs no queue.
            self.run_lanes();
            if is_last {
                self.more = true;
                return;
            }
        }
    }

    fn take_message(&mut self, body: Vec<u8>) {
        match self.route(&body) {
            Ok((place, answers)) => {
                if !answers {
                    self.first_message.get_or_insert_with(Instant::now);
                }
                let message = Message {
                    ordinal: self.messages,
                    body,
                };
                self.hand_on(Held::Message { place, message });
            }
            Err(report) => self.refuse(*report),
        }
    }

    /// The lane for a message, and whether its plugin always answers.
    fn route(&mut self, body: &[u8]) -> Result<(usize, bool), Box<Report>> {
        let Service::Routes { routes, .. } = &self.service else {
            return Err(self.refusal());
        };
        let text = simdutf8::basic::from_utf8(body)
            .map_err(|_| answer::invalid_message(&"it is not UTF-8"))?;
        if text.is_empty() {
            return Err(Box::new(answer::invalid_message(&"it is empty")));
        }
        let place = routes
            .select(text)
            .map_err(|error| answer::invalid_message(&error))?
            .ok_or_else(answer::no_route_for_message)?;
        let route = &routes.as_slice()[place];
        let (length, limit) = (body.len() as u64, route.limits.message_in.bytes());
        if length > limit {
            return Err(Box::new(answer::message_too_large(length, limit)));
        }
        if route.check_inbound {
            json::check(text).map_err(|error| answer::invalid_message(&error))?;
        }
        let lane = self.lane(place)?;
        Ok((place, lane.always_answers()))
    }

    /// The lane at `place`, opened if it is not.
    fn lane(&mut self, place: usize) -> Result<&mut Lane, Box<Report>> {
        let Service::Routes {
            routes,
            plugins,
            engine,
            ..
        } = &mut self.service
        else {
            return Err(self.refusal());
        };
        let lane = &mut self.lanes[place];
        match lane {
            Some(lane) => Ok(lane),
            None => {
                let route = &routes.as_slice()[place];
                let Candidate { plugin, powers } = &mut plugins[place];
                let plugin = plugin.take(engine)?;
                if route.lifetime == Lifetime::Message && plugin.mode() == Mode::Session {
                    return Err(Box::new(answer::short_lived_session(&route.plugin)));
                }
                Ok(lane.insert(Lane::open(
                    plugin,
                    powers.clone(),
                    route,
                    &self.peer,
                    &self.shared,
                )))
            }
        }
    }

    fn refusal(&self) -> Box<Report> {
        match &self.service {
            Service::Refused(report) => report.clone(),
            Service::Routes { .. } => Box::new(answer::no_route_for_message()),
        }
    }

    fn refuse_too_long(&mut self, length: u64) {
        let report = match &self.service {
            Service::Refused(report) => Report::clone(report),
            Service::Routes { routes, .. } => {
                answer::message_too_large(length, routes.message_limit())
            }
        };
        self.refuse(report);
    }

    /// Answers the message that was taken last with a report.
    fn refuse(&mut self, mut report: Report) {
        report.request = Some(self.messages);
        tracing::debug!(request = self.messages, code = %report.code, "refused: {}", report.message);
        self.hand_on(Held::Report(report));
    }

    fn hand_on_held(&mut self) {
        if let Some(held) = self.held.take() {
            self.hand_on(held);
        }
    }

    /// Hands something on, or holds it until that can be done.
    fn hand_on(&mut self, held: Held) {
        self.held = match held {
            Held::Message { place, message } => match &mut self.lanes[place] {
                Some(lane) => lane
                    .push(message)
                    .err()
                    .map(|message| Held::Message { place, message }),
                None => None,
            },
            Held::Report(report) => match self.shared.output().send_report(&report) {
                Sent::Full => Some(Held::Report(report)),
                Sent::Taken | Sent::Closed => None,
            },
        };
    }

    /// Lets every plugin run that has something to do.
    fn run_lanes(&mut self) {
        for lane in self.lanes.iter_mut().flatten() {
            if let Some(buffer) = lane.run() {
                self.input.recycle(buffer);
            }
        }
    }

    fn receive(&mut self) {
        match self.input.receive() {
            Received::Bytes => {}
            Received::End => self.ending.begin(&self.shared.alarms),
            Received::Broken(truncated) => {
                tracing::error!("the browser broke the framing: {truncated}");
                self.exit = Exit::BrokenFraming;
                self.ending.begin(&self.shared.alarms);
            }
        }
    }
}
