"""How fast silver is, beside what others do and what the machine could do at best.

`cases` reads `cases.toml`. Each of the `contenders` (`ours`, `peers`, `floors`) is measured in a process of
its own, with imports and models built before the clock starts. `report` makes the table and the JSON of it.
"""
