"""The program: int8 operators as Relax operators, their TIR, and the way from a ``Graph`` to an ``IRModule`` and back."""
