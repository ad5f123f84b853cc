;; Looks for arguments, variables, a working folder and folders, and traps where it finds any.
(import "wasi:cli/environment@0.2.0" (instance $environment
  (export "get-arguments" (func (result (list string))))
  (export "get-environment" (func (result (list (tuple string string)))))
  (export "initial-cwd" (func (result (option string))))))
(import "wasi:filesystem/types@0.2.0" (instance $files (export "descriptor" (type (sub resource)))))
(alias export $files "descriptor" (type $descriptor))
(import "wasi:filesystem/preopens@0.2.0" (instance $preopens
  (export "descriptor" (type $folder (eq $descriptor)))
  (export "get-directories" (func (result (list (tuple (own $folder) string)))))))
(core func $arguments (canon lower (func $environment "get-arguments")
  (memory $kit "memory") (realloc (func $kit "realloc"))))
(core func $variables (canon lower (func $environment "get-environment")
  (memory $kit "memory") (realloc (func $kit "realloc"))))
(core func $working (canon lower (func $environment "initial-cwd")
  (memory $kit "memory") (realloc (func $kit "realloc"))))
(core func $folders (canon lower (func $preopens "get-directories")
  (memory $kit "memory") (realloc (func $kit "realloc"))))
(core module $deed-module
  (import "kit" "memory" (memory 1))
  (import "wasi" "arguments" (func $arguments (param i32)))
  (import "wasi" "variables" (func $variables (param i32)))
  (import "wasi" "working" (func $working (param i32)))
  (import "wasi" "folders" (func $folders (param i32)))
  (func (export "do") (result i32)
    (call $arguments (i32.const 128))
    (call $variables (i32.const 136))
    (call $folders (i32.const 144))
    (call $working (i32.const 152))
    ;; The lengths of three lists, and whether there is a folder.
    (if (i32.or
          (i32.or (i32.load (i32.const 132)) (i32.load (i32.const 140)))
          (i32.or (i32.load (i32.const 148)) (i32.load8_u (i32.const 152))))
      (then unreachable))
    (i32.const 16)))
(core instance $deed (instantiate $deed-module
  (with "kit" (instance $kit))
  (with "wasi" (instance
    (export "arguments" (func $arguments)) (export "variables" (func $variables))
    (export "working" (func $working)) (export "folders" (func $folders))))))
