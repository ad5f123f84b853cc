;; The interface with the types of the contract.
(component
  (type $peer (record (field "origin" string) (field "browser" string) (field "host-name" (option string))))
  (type $error (record (field "code" string) (field "message" string)))
  (core module $m
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 1024)
    (func (export "handle") (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) i32.const 64))
  (core instance $i (instantiate $m))
  (type $handle (func (param "peer" $peer) (param "message" string) (result (result string (error $error)))))
  (func $f (type $handle)
    (canon lift (core func $i "handle") (memory $i "memory") (realloc (func $i "realloc"))))
  (component $c
    (import "peer" (type $peer0 (eq $peer)))
    (import "error" (type $error0 (eq $error)))
    (import "f" (func $f0 (param "peer" $peer0) (param "message" string) (result (result string (error $error0)))))
    (export $peer1 "peer0" (type $peer0))
    (export $error1 "error0" (type $error0))
    (export "handle" (func $f0)
      (func (param "peer" $peer1) (param "message" string) (result (result string (error $error1))))))
  (instance $e (instantiate $c
    (with "peer" (type $peer)) (with "error" (type $error)) (with "f" (func $f))))
  (export "portcullis:plugin/handler@0.1.0" (instance $e)))
