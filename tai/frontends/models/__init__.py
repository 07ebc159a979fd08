"""`tai model plan|serve|status`. Not the arithmetic, the commands and the supervision, which are `tai.serving`'s."""
