//! From what is refused to the program that the kernel runs at each system call: a search among ranges of numbers.
//!
//! The decision that shaped it: the kernel works out when a filter is put on which numbers it always lets pass, by
//! running it for each number that there is. With a list of comparisons, as `seccompiler` makes, that took a sixth of a
//! whole start; with a search every number is decided within some ten steps. What the two decide is the same, which the
//! tests ask of every number.
//!
//! What this does not do: it knows no system call by name and puts nothing on.

use std::collections::BTreeMap;

use seccompiler::sock_filter;

/// What may be asked of an argument. Only its lower half counts: what the arguments mean here has no more bits.
#[derive(Debug, Clone, Copy)]
pub(super) enum Compare {
    Equal(u32),
    NotEqual(u32),
    /// Of these bits, exactly those are set.
    Bits {
        mask: u32,
        set: u32,
    },
}

/// One argument, from 0, and what it has to be.
pub(super) type Condition = (u8, Compare);

/// When a call is refused: where all conditions of one of these hold; always, where there are none of these.
pub(super) type Refusal = Vec<Vec<Condition>>;

/// Numbers of system calls. One that is not here is allowed.
pub(super) type Rules = BTreeMap<u32, (Refusal, Errno)>;

/// How a call fails that is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Errno {
    /// The number of it.
    Permission,
    /// As if the kernel did not have the call.
    Absent,
}

impl Errno {
    fn number(self) -> u32 {
        match self {
            Self::Permission => libc::EPERM.unsigned_abs(),
            Self::Absent => libc::ENOSYS.unsigned_abs(),
        }
    }
}

/// The machine whose calls have these numbers, as the kernel names it (`linux/audit.h`).
#[cfg(target_arch = "x86_64")]
const MACHINE: u32 = 0xC000_003E;
#[cfg(target_arch = "aarch64")]
const MACHINE: u32 = 0xC000_00B7;

// The instructions that are used, of the kernel's classic BPF.
const LOAD: u16 = 0x20;
const AND: u16 = 0x54;
const JUMP: u16 = 0x05;
const JUMP_IF_EQUAL: u16 = 0x15;
const JUMP_IF_AT_LEAST: u16 = 0x35;
const RETURN: u16 = 0x06;

// Where things are in what the kernel shows to a filter: the number, the machine, then six arguments of eight bytes,
// whose lower half comes first on both machines.
const NUMBER_AT: u32 = 0;
const MACHINE_AT: u32 = 4;
const ARGUMENTS_AT: u32 = 16;

/// From here on numbers are refused: on x86-64 every call has a second number, with this bit set, for programs with
/// short pointers, and a kernel that offers those would let all of them pass. On other machines no number is that high.
const SHORT_POINTERS: u32 = 0x4000_0000;

/// What is decided for the numbers from one on, up to the next.
struct Range<'a> {
    from: u32,
    verdict: Verdict<'a>,
}

#[derive(Clone, Copy)]
enum Verdict<'a> {
    Allowed,
    Refused(Errno),
    /// It is for the arguments to decide.
    Depends(&'a Refusal, Errno),
}

/// The program for these rules.
pub(super) fn program(rules: &Rules) -> Vec<sock_filter> {
    let mut ranges: Vec<Range<'_>> = Vec::with_capacity(2 * rules.len() + 2);
    let mut next = 0;
    let rules = rules.iter().map(|(number, rule)| (*number, rule));
    for (number, (refusal, errno)) in rules {
        if number > next {
            push(&mut ranges, next, Verdict::Allowed);
        }
        let verdict = if refusal.is_empty() {
            Verdict::Refused(*errno)
        } else {
            Verdict::Depends(refusal, *errno)
        };
        push(&mut ranges, number, verdict);
        next = number + 1;
    }
    push(&mut ranges, next, Verdict::Allowed);
    let short_pointers = Verdict::Refused(Errno::Permission);
    push(&mut ranges, SHORT_POINTERS, short_pointers);

    let mut builder = Builder::new();
    let search = builder.search(&ranges);
    builder.go_to(search);
    builder.load(NUMBER_AT);
    let of_this_machine = builder.last();
    builder
        .steps
        .push(step(RETURN, 0, 0, libc::SECCOMP_RET_KILL_PROCESS));
    let of_another = builder.last();
    builder.branch(JUMP_IF_EQUAL, MACHINE, of_this_machine, of_another);
    builder.load(MACHINE_AT);
    builder.steps.reverse();
    builder.steps
}

/// Adds a range, or makes the one before it longer where they decide the same.
fn push<'a>(ranges: &mut Vec<Range<'a>>, from: u32, verdict: Verdict<'a>) {
    let decides_the_same = ranges
        .last()
        .is_some_and(|last| match (last.verdict, verdict) {
            (Verdict::Allowed, Verdict::Allowed) => true,
            (Verdict::Refused(before), Verdict::Refused(errno)) => before == errno,
            _ => false,
        });
    if !decides_the_same {
        ranges.push(Range { from, verdict });
    }
}

/// Writes a program from its end to its beginning. Jumps only lead forward, so where they lead is known then.
struct Builder {
    /// The last first.
    steps: Vec<sock_filter>,
    allow: Place,
    refuse: Place,
    absent: Place,
}

/// A step, counted from the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place(usize);

impl Builder {
    fn new() -> Self {
        let verdicts = [
            libc::SECCOMP_RET_ALLOW,
            libc::SECCOMP_RET_ERRNO | Errno::Permission.number(),
            libc::SECCOMP_RET_ERRNO | Errno::Absent.number(),
        ];
        let mut steps = Vec::with_capacity(256);
        steps.extend(verdicts.map(|verdict| step(RETURN, 0, 0, verdict)));
        Self {
            steps,
            allow: Place(0),
            refuse: Place(1),
            absent: Place(2),
        }
    }

    /// The step that was written last, which is the first to be run.
    fn last(&self) -> Place {
        Place(self.steps.len() - 1)
    }

    /// Halves the ranges until one is left.
    fn search(&mut self, ranges: &[Range<'_>]) -> Place {
        if let [range] = ranges {
            return match range.verdict {
                Verdict::Allowed => self.allow,
                Verdict::Refused(errno) => self.failing(errno),
                Verdict::Depends(refusal, errno) => self.depending(refusal, errno),
            };
        }
        let (lower, upper) = ranges.split_at(ranges.len() / 2);
        let from = upper[0].from;
        let upper = self.search(upper);
        let lower = self.search(lower);
        self.branch(JUMP_IF_AT_LEAST, from, upper, lower)
    }

    fn failing(&self, errno: Errno) -> Place {
        match errno {
            Errno::Permission => self.refuse,
            Errno::Absent => self.absent,
        }
    }

    /// Refused where all conditions of one list hold.
    fn depending(&mut self, refusal: &Refusal, errno: Errno) -> Place {
        let failing = self.failing(errno);
        let mut otherwise = self.allow;
        for conditions in refusal.iter().rev() {
            let mut holds = failing;
            for (place, compare) in conditions.iter().rev() {
                match *compare {
                    Compare::Equal(value) => self.branch(JUMP_IF_EQUAL, value, holds, otherwise),
                    Compare::NotEqual(value) => self.branch(JUMP_IF_EQUAL, value, otherwise, holds),
                    Compare::Bits { mask, set } => {
                        self.branch(JUMP_IF_EQUAL, set, holds, otherwise);
                        self.steps.push(step(AND, 0, 0, mask));
                        self.last()
                    }
                };
                self.load(ARGUMENTS_AT + 8 * u32::from(*place));
                holds = self.last();
            }
            otherwise = holds;
        }
        otherwise
    }

    fn load(&mut self, at: u32) {
        self.steps.push(step(LOAD, 0, 0, at));
    }

    fn branch(&mut self, code: u16, value: u32, yes: Place, no: Place) -> Place {
        // A conditional jump reaches 255 steps; further, there is another jump in between, of which there may be two.
        const REACH: usize = 250;
        let near = |builder: &mut Self, place: Place| {
            if builder.steps.len() - place.0 <= REACH {
                return place;
            }
            builder.jump(place);
            builder.last()
        };
        let (yes, no) = (near(self, yes), near(self, no));
        let distance = |place: Place| {
            u8::try_from(self.steps.len() - 1 - place.0).expect("it was just made near")
        };
        let branch = step(code, distance(yes), distance(no), value);
        self.steps.push(branch);
        self.last()
    }

    /// Sees to it that `place` is what is run next.
    fn go_to(&mut self, place: Place) {
        if self.last() != place {
            self.jump(place);
        }
    }

    fn jump(&mut self, place: Place) {
        let distance = self.steps.len() - 1 - place.0;
        let distance = u32::try_from(distance).expect("the kernel takes no program of that length");
        self.steps.push(step(JUMP, 0, 0, distance));
    }
}

fn step(code: u16, jt: u8, jf: u8, k: u32) -> sock_filter {
    sock_filter { code, jt, jf, k }
}

#[cfg(test)]
mod tests;
