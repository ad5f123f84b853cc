// What a test can order the program to do. One list for the guest and the tests, which `include!` it.

/// One deed, ordered by `{"do": "<verb>", "n": <number>}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Verb {
    // Harmless.
    /// Replies how many messages this run has had before.
    Count,
    /// Replies with a JSON string of `n` bytes in all.
    Reply,
    /// Replies `true` byte by byte.
    ReplySlowly,
    /// Writes `n` messages `{"post": i}`.
    Post,
    /// Says nothing.
    Silent,
    /// Sleeps `n` milliseconds, then replies.
    Sleep,
    /// Uses the processor for `n` milliseconds, counted by the clock on the wall, then replies.
    Burn,
    /// Reads byte by byte from now on; replies.
    ReadSlowly,
    /// Reads to the end of its input and replies how many bytes came.
    ReadToEnd,
    /// Writes a line with terminal escapes, and one of `n` bytes, to its standard error; replies.
    Complain,
    /// Replies with its arguments and its environment.
    Surroundings,
    /// Replies, and leaves by `exit(n)`.
    ReplyAndExit,
    /// Replies, and returns from `main`: with an error where `n` is not 0.
    ReplyAndReturn,
    /// Replies; then waits for input and, again and again, for `n` milliseconds, after which it uses the processor for
    /// 200 milliseconds and writes `{"tick": i}`, until there is input.
    Tick,
    /// Writes two messages of 40 000 bytes by two handles of its standard output, each with a permit from before.
    TwoHandles,
    /// Writes `{"end": true}` when its input has ended; replies now.
    SpeakAtEnd,
    /// Leaves by `exit(n)` when its input has ended; replies now.
    ExitAtEnd,

    // Failures.
    /// Leaves by `exit(n)`.
    Exit,
    /// Executes `unreachable`.
    Trap,
    /// Panics, as Rust does.
    Panic,
    /// Never returns.
    Loop,
    /// Replies, and never reads again: sleeps.
    Deaf,
    /// Never returns: asks whether there is input, and never waits for it.
    Peek,
    /// Never returns: waits for input or for nothing, again and again.
    Spin,
    /// Replies; then waits for input or for `n` milliseconds, and executes `unreachable` after those.
    TrapLater,
    /// Takes memory until the allocator gives up.
    Exhaust,
    /// Never returns when its input has ended; replies now.
    LoopAtEnd,

    // Attacks on the channel.
    /// Prints a line of text to its standard output.
    Print,
    /// Writes four zero bytes.
    Zeroes,
    /// Writes a length of 4 GiB and then text without end.
    Huge,
    /// Writes half a frame and leaves by `exit(n)`.
    Half,
    /// Writes a frame of bytes that are not UTF-8.
    NotUtf8,
    /// Writes a frame that is not JSON.
    NotJson,
    /// Writes what only the host may say.
    Forge,
    /// Writes good frames without end.
    Flood,
    /// Writes a good frame and bytes that are none in one go.
    GoodThenBad,
    /// Writes frames as long as a browser takes, with a permit for the first piece only.
    WriteWithoutPermit,
}
