;; What every hostile guest begins with: the contract's types, and a kit with a memory of one page, an allocator and a
;; good reply. What follows has to define the core instance `$deed`, whose `do` gives the address of a reply; or the
;; function `$handle` itself.
(import "portcullis:plugin/types@0.1.0" (instance $types
  (type $peer (record
    (field "origin" string) (field "browser" string) (field "host-name" (option string))))
  (export "peer" (type (eq $peer)))
  (type $error (record (field "code" string) (field "message" string)))
  (export "plugin-error" (type (eq $error)))))
(alias export $types "peer" (type $peer))
(alias export $types "plugin-error" (type $error))
(core module $kit-module
  (memory (export "memory") 1)
  (global $next (mut i32) (i32.const 4096))
  ;; The good reply, `ok("\"good\"")`, is at the address 16: the case, the address of the text, its length.
  (data (i32.const 16) "\00\00\00\00\40\00\00\00\06\00\00\00")
  (data (i32.const 64) "\22good\22")
  (func (export "realloc") (param i32 i32 i32) (param $size i32) (result i32)
    (if (i32.gt_u (i32.add (global.get $next) (local.get $size)) (i32.const 65000))
      (then (global.set $next (i32.const 4096))))
    (global.get $next)
    (global.set $next (i32.and (i32.const -16)
      (i32.add (i32.add (global.get $next) (local.get $size)) (i32.const 15))))))
(core instance $kit (instantiate $kit-module))
