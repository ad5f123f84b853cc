//! Plays one case: sends what it sends, compares what comes, and notes every difference.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::connection::{Connection, Next};
use super::stage::Stage;
use crate::exit::Internal;
use crate::transcript::{Came, Case, Deed, Difference, Frame, Port};
use crate::verbs::send;

/// How long to listen for what nobody has written down yet, after a message and before the port is closed: longer than
/// any plugin takes that answers at all, and short enough to wait for once.
const LISTENING: Duration = Duration::from_secs(5);

/// The same once something has come: what comes with it comes at once.
const LISTENING_ON: Duration = Duration::from_secs(1);

/// How a case is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// As it stands, to its first message that is missed.
    Strict,
    /// To its end, whatever comes, and with an ear for what it does not expect: to write down what came.
    Listening,
}

/// What came of one case.
#[derive(Debug, Default)]
pub(super) struct Played {
    /// From the start of its first port to the end of its last one.
    pub(super) time: Duration,
    /// For each of its ports.
    pub(super) came: Vec<Came>,
    /// None where it went as it is written.
    pub(super) failures: Vec<Failure>,
    /// The longest message to the plugin and the longest frame from the host, in bytes.
    pub(super) longest: (usize, usize),
}

/// One thing that went otherwise.
#[derive(Debug)]
pub(super) struct Failure {
    /// The line of the transcript, from 1.
    pub(super) line: usize,
    /// The message to the plugin before it.
    pub(super) sent: Option<String>,
    pub(super) what: Fault,
}

/// How something went otherwise.
#[derive(Debug)]
pub(super) enum Fault {
    /// Another message came.
    Differs {
        frame: Frame,
        difference: Difference,
    },
    /// None came.
    Missing {
        expected: String,
        /// How long was waited; nothing where the port has ended.
        waited: Option<Duration>,
    },
    /// One came that is not expected.
    Unexpected { frame: Frame },
    /// The host did not end as it should.
    Host { how: String, words: String },
}

/// Plays a case on a stage that was cleared.
pub(super) fn play(stage: &Stage, case: &Case, manner: Manner, wait: Duration) -> Result<Played> {
    let mut played = Played::default();
    for port in &case.ports {
        let (mut command, _launcher) = send::as_a_browser(stage.home(), stage.origin(), None)?;
        // The level at which the host tells what a plugin has used.
        command.env("PORTCULLIS_LOG", "debug");
        let begun = Instant::now();
        let connection = Connection::open(command)?;
        let player = Player {
            port,
            manner,
            wait,
            sent: None,
            came: Came::default(),
            played: &mut played,
        };
        player.play(connection)?;
        played.time += begun.elapsed();
    }
    Ok(played)
}

struct Player<'a> {
    port: &'a Port,
    manner: Manner,
    wait: Duration,
    sent: Option<String>,
    came: Came,
    played: &'a mut Played,
}

impl Player<'_> {
    fn play(mut self, mut connection: Connection) -> Result<()> {
        let port = self.port;
        let mut has_missed = false;
        for step in &port.steps {
            let mut here = Vec::new();
            match &step.deed {
                Deed::Send(message) => {
                    let (longest, _) = &mut self.played.longest;
                    *longest = (*longest).max(message.len());
                    self.sent = Some(message.clone());
                    connection.send(message)?;
                    if self.manner == Manner::Listening && !port.expects() {
                        here = self.listen(&connection)?;
                    }
                }
                Deed::Close => connection.close(),
                Deed::Expect(expected) => {
                    let wait = match self.manner {
                        Manner::Listening if has_missed => LISTENING.min(self.wait),
                        _ => self.wait,
                    };
                    match self.next(&connection, wait)? {
                        (Some(frame), _) => {
                            if let Err(difference) = expected.compare(&frame) {
                                let frame = frame.clone();
                                let differs = Fault::Differs { frame, difference };
                                self.fail(step.lines.start + 1, differs);
                            }
                            here.push(frame);
                        }
                        (None, waited) => {
                            let expected = expected.shown();
                            let missing = Fault::Missing { expected, waited };
                            self.fail(step.lines.start + 1, missing);
                            has_missed = true;
                        }
                    }
                }
            }
            self.came.at_steps.push(here);
            if has_missed && self.manner == Manner::Strict {
                break;
            }
        }
        if self.manner == Manner::Listening && port.expects() {
            self.came.after = self.listen(&connection)?;
        }
        self.finish(connection, has_missed)
    }

    fn finish(mut self, connection: Connection, has_missed: bool) -> Result<()> {
        let line = self.port.steps.last().map_or(1, |step| step.lines.end);
        let ended = connection.finish()?;
        for text in &ended.frames {
            let frame = self.read(text)?;
            self.came.at_end.push(frame);
        }
        // After one that was missed, nobody knows which of these it would have been.
        if !has_missed {
            for frame in self
                .came
                .after
                .clone()
                .into_iter()
                .chain(self.came.at_end.clone())
            {
                self.fail(line, Fault::Unexpected { frame });
            }
        }
        let how = match ended.status {
            None => Some("it did not end after its input had, and was killed".to_owned()),
            // Where the policy cannot be used it says so in a frame, and ends with 1.
            Some(status) if matches!(status.code(), Some(0 | 1)) => None,
            Some(status) => Some(format!("it ended with {status}")),
        };
        if let Some(how) = how {
            let words = ended.words;
            self.fail(line, Fault::Host { how, words });
        }
        self.played.came.push(self.came);
        Ok(())
    }

    /// What comes without being expected, until nothing does for a while or it has come for too long.
    fn listen(&mut self, connection: &Connection) -> Result<Vec<Frame>> {
        let mut frames = Vec::new();
        let mut patience = LISTENING.min(self.wait);
        let deadline = Instant::now() + 2 * patience;
        while let (Some(frame), _) = self.next(connection, patience)? {
            frames.push(frame);
            patience = LISTENING_ON.min(deadline.saturating_duration_since(Instant::now()));
        }
        Ok(frames)
    }

    /// The next frame; or how long was waited for one, where the port has not ended.
    fn next(
        &mut self,
        connection: &Connection,
        wait: Duration,
    ) -> Result<(Option<Frame>, Option<Duration>)> {
        Ok(match connection.next(wait)? {
            Next::Frame(text) => (Some(self.read(&text)?), None),
            Next::TimedOut => (None, Some(wait)),
            Next::Ended => (None, None),
        })
    }

    fn read(&mut self, text: &str) -> Result<Frame> {
        let (_, longest) = &mut self.played.longest;
        *longest = (*longest).max(text.len());
        Frame::read(text)
            .with_context(|| Internal("portcullis-host wrote a frame that is not JSON".to_owned()))
    }

    fn fail(&mut self, line: usize, what: Fault) {
        self.played.failures.push(Failure {
            line,
            sent: self.sent.clone(),
            what,
        });
    }
}
