;; Has names that a terminal would obey, in every section that holds names, and traps in a function of such a name.
(core module $deed-module (@name "\1b[2J\e2\80\aemodule")
  (func $do (@name "\1b]0;title\07\e2\80\ae\0d\0a{\22level\22:\22ERROR\22}") (export "do") (result i32)
    unreachable)
  (@custom "producers" "\01\08language\01\08\1b[2J\e2\80\ae1\021\0a")
  (@custom "\1b[2J" "escape"))
(core instance $deed (instantiate $deed-module))
(@custom "\1b[2J\e2\80\ae" "escape")
(@custom "producers" "\01\08language\01\08\1b[2J\e2\80\ae1\021\0a")
