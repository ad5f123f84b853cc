//! One plugin's way through a port: its inbox, its instance, its answers, one message at a time.
//!
//! Lanes are tasks of the port's loop and know nothing of each other, so a plugin that computes or waits does not stop
//! another. A lane has one instance at a time; after a failure the next message meets a fresh one.

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use portcullis_core::names::PluginName;
use portcullis_core::policy::{Lifetime, OnCrash, Route};
use portcullis_core::protocol::frame::SPARE_LIMIT;
use portcullis_core::protocol::report::Report;
use portcullis_sandbox::{
    Failure, FailureKind, Incoming, Instance, Mode, Outcome, Peer, Plugin, PluginLog, Port, Powers,
    SilentPort, Terms, Usage,
};

use super::Shared;
use super::lent::{Desk, Event, LentPort};
use super::stdio;
use super::wake::WakeFlag;
use crate::answer;
use crate::channel::{self, Sent};

/// The wait after the second failure in a row, doubled with each further one: the first restart is at once, since one
/// bad message is no reason to keep the next one waiting.
const BACK_OFF: Duration = Duration::from_millis(5);

/// Doublings of the wait, which so ends at 640 ms: less than a person calls broken, enough to keep a processor free.
const BACK_OFF_DOUBLINGS: u32 = 7;

/// Failures of one plugin in one port that are logged.
const COMPLAINTS: u32 = 500;

/// One message on its way to a plugin.
pub(super) struct Message {
    /// Its place among the frames of the port, from 1.
    pub(super) ordinal: u64,
    /// Its text, which has been found to be UTF-8.
    pub(super) body: Vec<u8>,
}

/// A plugin's lane, seen from the loop.
pub(super) struct Lane {
    desk: Desk,
    flag: Arc<WakeFlag>,
    waker: Waker,
    mode: Mode,
    /// Whether the plugin has asked for the end of the port, which it can only do when it runs.
    wants_close: bool,
    /// What is known of what the plugin uses, where the log takes it.
    used: Option<(PluginName, Usage, PluginLog)>,
    task: Option<Pin<Box<dyn Future<Output = ()>>>>,
}

impl Lane {
    /// Opens the lane of a route. Nothing runs yet.
    pub(super) fn open(
        plugin: Plugin,
        powers: Powers,
        route: &Route,
        peer: &Peer,
        shared: &Shared,
    ) -> Self {
        let (flag, waker) = WakeFlag::new();
        let desk = Desk::new();
        let mode = plugin.mode();
        let usage = tracing::enabled!(tracing::Level::DEBUG).then(Usage::default);
        let log = PluginLog::new(&route.plugin, route.limits.log_rate);
        let terms = Terms {
            log: log.clone(),
            peer: peer.clone(),
            limits: route.limits,
            powers,
            alarms: shared.alarms.clone(),
            usage: usage.clone(),
        };
        let worker = Worker {
            plugin,
            route: route.clone(),
            terms,
            desk: desk.clone(),
            shared: shared.clone(),
            instance: None,
            complaints: 0,
            in_a_row: 0,
            not_before: None,
        };
        Self {
            desk,
            flag,
            waker,
            mode,
            wants_close: false,
            used: usage.map(|usage| (route.plugin.clone(), usage, log)),
            task: Some(match mode {
                Mode::Handler | Mode::Session => Box::pin(worker.work()),
                Mode::Stdio => Box::pin(stdio::work(worker)),
            }),
        }
    }

    /// Whether each message gets exactly one frame: a session or a program may stay silent.
    pub(super) fn always_answers(&self) -> bool {
        self.mode == Mode::Handler
    }

    /// Has a session or a program started before its first message.
    pub(super) fn connect(&mut self) {
        if self.mode != Mode::Handler {
            self.desk.papers().connecting = true;
            self.flag.set();
        }
    }

    /// Takes a message, or gives it back where too many wait.
    pub(super) fn push(&mut self, message: Message) -> Result<(), Message> {
        let mut papers = self.desk.papers();
        papers.push(message)?;
        if papers.is_looked_for() {
            self.flag.set();
        }
        Ok(())
    }

    /// Has the lane end when it has served what waits.
    pub(super) fn close(&mut self) {
        let mut papers = self.desk.papers();
        papers.closing = true;
        if papers.is_looked_for() {
            self.flag.set();
        }
    }

    /// Runs the task if something has woken it. Returns the buffer of a message that has been served.
    pub(super) fn run(&mut self) -> Option<Vec<u8>> {
        let task = self.task.as_mut()?;
        if !self.flag.take() {
            return None;
        }
        if task
            .as_mut()
            .poll(&mut Context::from_waker(&self.waker))
            .is_ready()
        {
            self.task = None;
        }
        let mut papers = self.desk.papers();
        papers.turn_is_used = false;
        self.wants_close = papers.close_requested;
        papers.buffer.take()
    }

    /// Whether the task wants to run now.
    pub(super) fn is_awake(&self) -> bool {
        self.task.is_some() && self.flag.is_set()
    }

    /// Whether a call is under way.
    pub(super) fn is_busy(&self) -> bool {
        self.task.is_some() && self.desk.papers().busy
    }

    /// Whether the task is over.
    pub(super) fn has_ended(&self) -> bool {
        self.task.is_none()
    }

    /// Ends the task wherever it is.
    pub(super) fn abandon(&mut self) {
        self.task = None;
    }

    /// Whether the plugin has asked for the end of the port.
    pub(super) fn wants_close(&self) -> bool {
        self.wants_close
    }

    /// Tells the log the most that the plugin has used of its limits. `portcullis test` reads it there.
    pub(super) fn tell_used(&self) {
        let Some((plugin, usage, log)) = &self.used else {
            return;
        };
        let (used, (log_bytes, lines_dropped)) = (usage.so_far(), log.used());
        tracing::debug!(
            %plugin,
            memory = used.memory,
            cpu_microseconds = used.cpu.as_micros(),
            wall_microseconds = used.wall.as_micros(),
            init_microseconds = used.init.as_micros(),
            log_bytes,
            lines_dropped,
            timers = self.desk.papers().most_timers,
            "used"
        );
    }
}

/// A plugin's lane, seen from inside.
pub(super) struct Worker {
    pub(super) plugin: Plugin,
    pub(super) route: Route,
    pub(super) terms: Terms,
    pub(super) desk: Desk,
    pub(super) shared: Shared,
    instance: Option<Instance>,
    /// Failures that have been logged.
    complaints: u32,
    /// Failures since the last call that ended well.
    pub(super) in_a_row: u32,
    /// When the next instance may be started.
    not_before: Option<Instant>,
}

impl Worker {
    /// Everything but the way of a message is boxed: a future is as large as the largest that it waits for, and is
    /// moved whole each time that it is begun.
    async fn work(mut self) {
        loop {
            let event = self.desk.next(&self.shared.alarms).await;
            match event {
                // A session that cannot be started now is started again for its first message, which then gets the
                // report: a frame before any message could be taken for the answer of a one-shot one.
                Event::Connect => {
                    drop(Box::pin(self.busily(async |this| this.start(None).await)).await);
                }
                Event::Message(message) => self.serve(message).await,
                Event::Timer(token) => Box::pin(self.timer(token)).await,
                Event::Close => return Box::pin(self.disconnect()).await,
            }
        }
    }

    /// Marks the lane as busy while `work` is done.
    async fn busily<R>(&mut self, work: impl AsyncFnOnce(&mut Self) -> R) -> R {
        self.desk.papers().busy = true;
        let result = work(self).await;
        self.desk.papers().busy = false;
        result
    }

    /// Answers one message.
    async fn serve(&mut self, mut message: Message) {
        let began = tracing::enabled!(tracing::Level::DEBUG).then(Instant::now);
        let (ordinal, length) = (message.ordinal, message.body.len());
        self.desk.papers().busy = true;
        let answer = self.answer(ordinal, &mut message.body).await;
        {
            let mut papers = self.desk.papers();
            papers.busy = false;
            papers.buffer = Some(message.body);
        }
        if let Some(began) = began {
            self.log_served(ordinal, began, length, &answer);
        }
        if self.route.lifetime == Lifetime::Message {
            self.drop_instance();
        }
        match answer {
            Answer::Text(text) => self.send(&text).await,
            Answer::Report(report) => Box::pin(self.report(*report, Some(ordinal))).await,
            Answer::Nothing => {}
        }
    }

    fn log_served(&self, request: u64, began: Instant, received: usize, answer: &Answer) {
        let (outcome, sent) = match answer {
            Answer::Text(text) => ("reply", text.len()),
            Answer::Nothing => ("no reply", 0),
            Answer::Report(report) => (report.code.as_str(), 0),
        };
        tracing::debug!(
            request,
            plugin = %self.route.plugin,
            outcome,
            microseconds = began.elapsed().as_micros(),
            received,
            sent,
            "served"
        );
    }

    /// What one message brings.
    async fn answer(&mut self, ordinal: u64, body: &mut Vec<u8>) -> Answer {
        // It was checked when it was routed; here the check is repeated rather than trusted, since it costs nothing
        // beside a call.
        let message = if body.len() > SPARE_LIMIT {
            Incoming::moved(mem::take(body))
        } else {
            let text = simdutf8::basic::from_utf8(body);
            text.ok().map(Incoming::kept)
        };
        let Some(message) = message else {
            return Answer::Report(Box::new(answer::invalid_message(&"it is not UTF-8")));
        };
        let instance = match self.instance.take() {
            Some(instance) => instance,
            None => match Box::pin(self.start(Some(ordinal))).await {
                Ok(()) => match self.instance.take() {
                    Some(instance) => instance,
                    None => return Answer::Nothing,
                },
                Err(report) => return Answer::Report(report),
            },
        };
        match instance.message(&message).await {
            Ok((outcome, instance)) => {
                self.instance = Some(instance);
                self.in_a_row = 0;
                self.judge(outcome, Some(ordinal))
            }
            Err(failure) => Answer::Report(self.failed(&failure, Some(ordinal))),
        }
    }

    /// Turns what a call brought into what may be sent.
    fn judge(&mut self, outcome: Outcome, request: Option<u64>) -> Answer {
        let plugin = &self.route.plugin;
        let report = match outcome {
            Outcome::Nothing => return Answer::Nothing,
            Outcome::Reply(text) => match channel::check(&text) {
                Ok(()) => return Answer::Text(text),
                Err(refused) => answer::invalid_reply(plugin, &refused),
            },
            Outcome::ReplyTooLong(length) => answer::reply_too_large(plugin, length),
            Outcome::Refused { code, message } => answer::plugin_error(plugin, code, message),
        };
        if self.may_complain() {
            // A plugin's code is its own choice of words, so it is written as a literal; its message is not written.
            let Report {
                code, plugin_code, ..
            } = &report;
            tracing::info!(request, plugin = %self.route.plugin, %code, ?plugin_code, "answered with an error");
        }
        Answer::Report(Box::new(report))
    }

    /// Counts a failure, and says whether it is still worth a line: a plugin that fails for every message of a flood
    /// would otherwise fill the log at the extension's pace.
    fn may_complain(&mut self) -> bool {
        self.complaints = self.complaints.saturating_add(1);
        if self.complaints == COMPLAINTS {
            tracing::warn!(plugin = %self.route.plugin, "further failures in this port are not logged");
        }
        self.complaints < COMPLAINTS
    }

    async fn timer(&mut self, token: u64) {
        let Some(instance) = self.instance.take() else {
            return;
        };
        let outcome = self.busily(async |_| instance.timer(token).await).await;
        match outcome {
            Ok((outcome, instance)) => {
                self.instance = Some(instance);
                if let Answer::Report(report) = self.judge(outcome, None) {
                    self.report(*report, None).await;
                }
            }
            Err(failure) => {
                let report = self.failed(&failure, None);
                self.report(*report, None).await;
            }
        }
    }

    /// Starts an instance, for the message with that number if there is one.
    async fn start(&mut self, ordinal: Option<u64>) -> Result<(), Box<Report>> {
        self.may_start().await?;
        let port: Box<dyn Port> = match self.plugin.mode() {
            Mode::Handler | Mode::Stdio => Box::new(SilentPort),
            Mode::Session => Box::new(LentPort {
                shared: self.shared.clone(),
                desk: self.desk.clone(),
            }),
        };
        match Instance::start(&self.plugin, self.terms.clone(), port).await {
            Ok(Ok(instance)) => {
                self.instance = Some(instance);
                Ok(())
            }
            Ok(Err(refused)) => {
                self.drop_instance();
                let (code, message) = match refused {
                    Outcome::Refused { code, message } => (code, message),
                    _ => Default::default(),
                };
                Err(Box::new(answer::connect_refused(
                    &self.route.plugin,
                    code,
                    message,
                )))
            }
            Err(failure) => Err(self.failed(&failure, ordinal)),
        }
    }

    /// Completes when the plugin may be started, after a wait where it has failed again and again.
    ///
    /// # Errors
    ///
    /// The report for the message that would have been served, where the plugin has crashed too often.
    pub(super) async fn may_start(&mut self) -> Result<(), Box<Report>> {
        let Route { origin, plugin, .. } = &self.route;
        if self.shared.crashes.are_too_many(plugin) {
            return Err(Box::new(answer::quarantined(origin, plugin)));
        }
        if let Some(moment) = self.not_before.take() {
            self.shared.alarms.sleep_until(moment).await;
        }
        Ok(())
    }

    async fn disconnect(mut self) {
        let Some(instance) = self.instance.take() else {
            return;
        };
        let ended = self.busily(async |_| instance.disconnect().await).await;
        if let Err(failure) = ended {
            self.failed(&failure, None);
        }
    }

    /// Logs a failure, under the number of the message that met it, and says what the extension is told of it. The instance is gone, and so are its timers.
    pub(super) fn failed(&mut self, failure: &Failure, request: Option<u64>) -> Box<Report> {
        self.drop_instance();
        let Failure { kind, detail } = failure;
        if self.may_complain() {
            let plugin = &self.route.plugin;
            match kind {
                FailureKind::Exited(0) => tracing::info!(request, %plugin, ?kind, "{detail}"),
                _ => tracing::warn!(request, %plugin, ?kind, "{detail:?}"),
            }
        }
        if *kind != FailureKind::Exited(0) {
            self.shared
                .crashes
                .record(&self.route.plugin, &self.route.limits);
        }
        self.back_off();
        if self.route.on_crash == OnCrash::Close {
            self.desk.papers().close_requested = true;
        }
        Box::new(answer::failure(&self.route, *kind))
    }

    /// Sees to it that a plugin that fails again and again is started ever more slowly.
    fn back_off(&mut self) {
        let doublings = self.in_a_row.min(BACK_OFF_DOUBLINGS);
        self.in_a_row = self.in_a_row.saturating_add(1);
        self.not_before = (self.in_a_row > 1).then(|| Instant::now() + BACK_OFF * (1 << doublings));
    }

    fn drop_instance(&mut self) {
        self.instance = None;
        self.desk.papers().forget_timers();
    }

    pub(super) async fn report(&self, mut report: Report, ordinal: Option<u64>) {
        report.request = ordinal;
        report.plugin = Some(self.route.plugin.to_string());
        self.send(&report.to_json()).await;
    }

    /// Sends a text that may be sent, and waits while the browser does not read.
    async fn send(&self, text: &str) {
        std::future::poll_fn(|context| {
            let mut output = self.shared.output();
            match output.send_unchecked(text) {
                Sent::Taken | Sent::Closed => std::task::Poll::Ready(()),
                Sent::Full => {
                    output.wake_when_ready(context.waker());
                    std::task::Poll::Pending
                }
            }
        })
        .await;
    }
}

/// What a message brings.
enum Answer {
    Text(String),
    Report(Box<Report>),
    Nothing,
}
