// What a test can order an unruly guest to do. One list for the guests and the tests, which `include!` it: both match it
// exhaustively, so a deed that no test expects does not compile.

macro_rules! verbs {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// One deed, ordered by `{"do": "<verb>", "n": <number>}`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub(crate) enum Verb {
            $($(#[$doc])* $name,)*
        }

        #[cfg(not(target_family = "wasm"))]
        impl Verb {
            /// Every deed.
            pub(crate) const ALL: &[Self] = &[$(Self::$name,)*];
        }
    };
}

verbs! {
    // Harmless: what a test needs to see from inside.
    /// Replies how many bytes the order has. A message that is no order, but any other JSON, is answered so as well.
    Length,
    /// Replies how often this instance was called before.
    Count,
    /// Replies who is calling, as the host says it.
    Peer,
    /// Replies its settings, sorted by key.
    Config,
    /// Replies how many arguments, variables and working folders the guest was given.
    Environment,
    /// Replies with a JSON string of `n` bytes in all.
    Reply,
    /// Sleeps `n` milliseconds in the host's `poll`, then replies.
    Sleep,
    /// Sleeps `n` milliseconds in a hundred pieces, then replies.
    Doze,
    /// Uses the processor for `n` milliseconds, counted by the clock on the wall, then replies.
    Burn,
    /// Writes one line of `n` bytes, and one with terminal escapes, to the log.
    Log,
    /// Asks for `n` bytes of memory, touches them, replies whether they were given.
    Allocate,

    // Failures of the guest.
    /// Answers with an error value.
    Refuse,
    /// Executes `unreachable`.
    Trap,
    /// Panics, as Rust does.
    Panic,
    /// Calls itself for ever.
    Recurse,
    /// Leaves by `exit(n)`.
    Exit,
    /// Never returns.
    Loop,
    /// Never returns, in polls that do not wait.
    Spin,
    /// Takes memory until the allocator gives up.
    Exhaust,

    // Attacks on the channel.
    /// Prints a well-formed frame, and four zero bytes, to its standard output.
    Print,
    /// Replies with something that is not JSON.
    Garbage,
    /// Replies with nothing at all.
    Empty,
    /// Replies with the text number `n` of `tests/guests/texts.rs`.
    Odd,
    /// Replies with what only the host may say.
    Forge,

    // Sessions only; a handler refuses them with the code `not-a-session`.
    /// Says nothing.
    Silent,
    /// Posts `n` messages `{"post": i}`, then replies.
    Post,
    /// Posts `n` messages `{"post": i}`, 300 milliseconds apart and whatever becomes of them, then replies. A refusal's
    /// code goes to the log.
    PostSlowly,
    /// Posts `n` messages of 16 KiB, or with 0 until `port.post` refuses; then replies. A refusal's code goes to the log.
    Flood,
    /// Posts a JSON string of `n` bytes in all and replies with the code that it got.
    PostLarge,
    /// Posts something that is not JSON and replies with the code that it got.
    PostGarbage,
    /// Posts the text number `n` of `tests/guests/texts.rs` and replies with the code that it got.
    PostOdd,
    /// Posts what only the host may say and replies with the code that it got.
    PostForged,
    /// Sets `n` timers for an hour and replies how many were refused, and how.
    Timers,
    /// Sets a timer for longer than a timer may take and replies with the code that it got.
    TimerTooLong,
    /// Sets a timer in `n` milliseconds that posts `{"timer": n}`.
    TimerPosts,
    /// Sets that timer and cancels it at once; replies.
    TimerCancelled,
    /// Sets a timer in `n` milliseconds that traps.
    TimerTraps,
    /// Sets a timer in `n` milliseconds that never returns.
    TimerLoops,
    /// Sets a timer in `n` milliseconds that sets itself again for ever; replies.
    TimerStorm,
    /// Closes the port after the reply.
    Close,
    /// Posts from `disconnect`, later; replies now.
    PostAtEnd,
    /// Never returns from `disconnect`, later; replies now.
    LoopAtEnd,
    /// Traps in `disconnect`, later; replies now.
    TrapAtEnd,
}
