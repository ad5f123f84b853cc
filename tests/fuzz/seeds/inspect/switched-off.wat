;; Parts of WebAssembly that the engine does not have.
(component
  (core module (memory i64 1))
  (core module (memory 1 1 shared))
  (core module (type (struct)) (func (result (ref null 0)) ref.null 0))
  (core module (tag)))
