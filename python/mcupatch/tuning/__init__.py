"""Tuning: what was measured on the emulated chip, what a learned model says of the rest, and what to measure next."""
