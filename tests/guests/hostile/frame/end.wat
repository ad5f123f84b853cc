;; What every hostile guest ends with.
(instance $handler (export "handle" (func $handle)))
(export "portcullis:plugin/handler@0.1.0" (instance $handler))
