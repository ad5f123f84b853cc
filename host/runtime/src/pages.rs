//! The very first instructions of the program, before the C library's: the pages that hold pointers are made this
//! process's own in one system call.
//!
//! The decision that shaped it: the program lies at an address by chance, so before anything else some twenty thousand
//! pointers in it are set right, spread over all of some sixty pages. Each of these would be a fault of its own, and in a
//! process that has just begun nearly all of what a fault costs is finding the next page. Asked for at once they cost
//! half (a twentieth of a start). To lie at a fixed address would spare all of it, and what an escaped plugin could
//! build on would lie there, too.
//!
//! Where the kernel does not know the request (Linux before 5.14) or the loader has set the pointers right already (the
//! program was not linked statically), it is refused and nothing is different.

use std::arch::global_asm;

// What is handed over to a program is in `rdx` and on the stack, and reaches the C library's entry unchanged. The pages
// are from where the linker puts the first pointers to the end of all data that has a first value.
global_asm!(
    ".pushsection .text.portcullis_entry, \"ax\", @progbits",
    ".globl portcullis_entry",
    ".type portcullis_entry, @function",
    "portcullis_entry:",
    "mov r12, rdx",
    "lea rdi, [rip + __init_array_start]",
    "and rdi, -4096",
    "lea rsi, [rip + _edata]",
    "sub rsi, rdi",
    "mov edx, {POPULATE}",
    "mov eax, {MADVISE}",
    "syscall",
    "mov rdx, r12",
    "jmp _start",
    ".size portcullis_entry, . - portcullis_entry",
    ".popsection",
    POPULATE = const libc::MADV_POPULATE_WRITE,
    MADVISE = const libc::SYS_madvise,
);
