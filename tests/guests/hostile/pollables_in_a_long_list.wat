;; Polls one pollable four million times in one list: 16 MiB of the guest would become more of the host.
(import "wasi:io/poll@0.2.0" (instance $poll
  (export "pollable" (type $pollable (sub resource)))
  (export "[method]pollable.block" (func (param "self" (borrow $pollable))))
  (export "poll" (func (param "in" (list (borrow $pollable))) (result (list u32))))))
(alias export $poll "pollable" (type $pollable))
(import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
  (export "pollable" (type $waiting (eq $pollable)))
  (export "now" (func (result u64)))
  (export "subscribe-duration" (func (param "when" u64) (result (own $waiting))))))
(core func $subscribe (canon lower (func $clock "subscribe-duration")))
(core module $memory-module
  (memory (export "memory") 257)
  (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable))
(core instance $memory (instantiate $memory-module))
(core func $poll-list (canon lower (func $poll "poll")
  (memory $memory "memory") (realloc (func $memory "realloc"))))
(core module $deed-module
  (import "memory" "memory" (memory 257))
  (import "wasi" "subscribe" (func $subscribe (param i64) (result i32)))
  (import "wasi" "poll" (func $poll (param i32 i32 i32)))
  (func (export "do") (result i32)
    (local $pollable i32) (local $at i32)
    (local.set $pollable (call $subscribe (i64.const 3600000000000)))
    (loop $each
      (i32.store (local.get $at) (local.get $pollable))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (br_if $each (i32.lt_u (local.get $at) (i32.const 0x1000000))))
    (call $poll (i32.const 0) (i32.const 0x400000) (i32.const 0x1000000))
    (i32.const 16)))
(core instance $deed (instantiate $deed-module
  (with "memory" (instance $memory))
  (with "wasi" (instance (export "subscribe" (func $subscribe)) (export "poll" (func $poll-list))))))
