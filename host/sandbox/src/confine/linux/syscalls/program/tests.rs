//! The program is asked about every number and many arguments, and so is the one that `seccompiler` makes of the same
//! rules.

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};

use super::*;

/// What the kernel shows to a filter.
#[derive(Debug, Clone, Copy)]
struct Call {
    number: u32,
    machine: u32,
    arguments: [u64; 6],
}

impl Call {
    fn word(&self, at: u32) -> u32 {
        let arguments = self
            .arguments
            .iter()
            .flat_map(|argument| argument.to_le_bytes());
        let head = [self.number, self.machine, 0, 0];
        let mut bytes = head
            .iter()
            .flat_map(|word| word.to_le_bytes())
            .chain(arguments);
        let at = usize::try_from(at).expect("small");
        let word: Vec<u8> = bytes.by_ref().skip(at).take(4).collect();
        u32::from_le_bytes(word.try_into().expect("inside of what is shown"))
    }
}

/// Runs a program as the kernel does, and returns what it decided and the number of steps.
fn run(program: &[sock_filter], call: &Call) -> (u32, usize) {
    let (mut at, mut value, mut steps) = (0, 0, 0);
    loop {
        let sock_filter { code, jt, jf, k } = program[at];
        steps += 1;
        at += 1;
        let jump = |holds: bool| usize::from(if holds { jt } else { jf });
        match code {
            LOAD => value = call.word(k),
            AND => value &= k,
            JUMP => at += usize::try_from(k).expect("small"),
            JUMP_IF_EQUAL => at += jump(value == k),
            JUMP_IF_AT_LEAST => at += jump(value >= k),
            // "Greater", which only the other one uses.
            0x25 => at += jump(value > k),
            RETURN => return (k, steps),
            other => panic!("unknown instruction {other:#x}"),
        }
    }
}

/// The same rules as `seccompiler` has them, for one way of failing.
fn reference(rules: &Rules, errno: Errno) -> BpfProgram {
    let rule = |conditions: &Vec<Condition>| {
        let each = conditions.iter().map(|(place, compare)| {
            let (compare, value) = match *compare {
                Compare::Equal(value) => (SeccompCmpOp::Eq, value),
                Compare::NotEqual(value) => (SeccompCmpOp::Ne, value),
                Compare::Bits { mask, set } => (SeccompCmpOp::MaskedEq(mask.into()), set),
            };
            SeccompCondition::new(*place, SeccompCmpArgLen::Dword, compare, value.into())
                .expect("a condition")
        });
        SeccompRule::new(each.collect()).expect("a rule")
    };
    let rules = rules.iter().filter(|(_, (_, how))| *how == errno);
    let rules = rules
        .map(|(number, (refusal, _))| (i64::from(*number), refusal.iter().map(rule).collect()));
    let machine = if cfg!(target_arch = "x86_64") {
        TargetArch::x86_64
    } else {
        TargetArch::aarch64
    };
    let action = SeccompAction::Errno(errno.number());
    SeccompFilter::new(rules.collect(), SeccompAction::Allow, action, machine)
        .and_then(BpfProgram::try_from)
        .expect("a program")
}

/// Values that the rules of this program tell apart, and some that they do not.
const ARGUMENTS: [u64; 14] = [
    0,
    1,
    2,
    3,
    4,
    6,
    8,
    10,
    17,
    0x5412,
    0x8901,
    0x1_0000,
    0x2000_0000,
    u64::MAX,
];

fn rules() -> Vec<Rules> {
    let with_ports = super::super::Needs {
        ports: [443].into(),
        ..super::super::Needs::default()
    };
    let mut every_second = Rules::new();
    let mut every = Rules::new();
    for number in 0..450 {
        let errno = if number % 7 == 0 {
            Errno::Absent
        } else {
            Errno::Permission
        };
        if number % 2 == 0 {
            every_second.insert(number, (Vec::new(), errno));
        }
        let condition = vec![(1, Compare::Equal(number))];
        every.insert(number, (vec![condition], errno));
    }
    vec![
        super::super::rules(&super::super::Needs::default()),
        super::super::rules(&with_ports),
        Rules::new(),
        Rules::from([(0, (Vec::new(), Errno::Permission))]),
        every_second,
        every,
    ]
}

#[test]
fn a_search_decides_as_a_list_does() {
    for rules in rules() {
        let ours = program(&rules);
        assert!(ours.len() <= 4096, "the kernel takes no longer one");
        let lists = [Errno::Permission, Errno::Absent].map(|errno| reference(&rules, errno));
        for number in 0..1000 {
            let all_the_same = ARGUMENTS.map(|value| [value; 6]);
            let one_apart = ARGUMENTS.map(|value| [0, value, 2, value, 0, 0]);
            for arguments in all_the_same.into_iter().chain(one_apart) {
                let call = Call {
                    number,
                    machine: MACHINE,
                    arguments,
                };
                let expected = lists.iter().map(|list| run(list, &call).0);
                let refused = expected.clone().find(|it| *it != libc::SECCOMP_RET_ALLOW);
                assert_eq!(
                    run(&ours, &call).0,
                    refused.unwrap_or(libc::SECCOMP_RET_ALLOW),
                    "{call:?}"
                );
            }
        }
    }
}

#[test]
fn numbers_of_another_machine_and_for_short_pointers_are_refused() {
    let rules = super::super::rules(&super::super::Needs::default());
    let program = program(&rules);
    let call = |number, machine| Call {
        number,
        machine,
        arguments: [0; 6],
    };
    let killed = libc::SECCOMP_RET_KILL_PROCESS;
    assert_eq!(run(&program, &call(0, MACHINE ^ 1)).0, killed);
    let refused = libc::SECCOMP_RET_ERRNO | Errno::Permission.number();
    for number in [SHORT_POINTERS, SHORT_POINTERS + 39, u32::MAX] {
        assert_eq!(run(&program, &call(number, MACHINE)).0, refused);
    }
    let below = call(SHORT_POINTERS - 1, MACHINE);
    assert_eq!(run(&program, &below).0, libc::SECCOMP_RET_ALLOW);
}

#[test]
fn an_allowed_call_is_decided_in_a_few_steps() {
    let rules = super::super::rules(&super::super::Needs::default());
    let program = program(&rules);
    assert!(program.len() < 256, "it has {} steps", program.len());
    for number in 0..500 {
        let call = Call {
            number,
            machine: MACHINE,
            arguments: [0; 6],
        };
        let (_, steps) = run(&program, &call);
        assert!(steps < 24, "{number} took {steps} steps");
    }
}
