"""Runs stages: what is stale and why, processes here or on Slurm, and how far they are.

The top floor of the library: it may import every other room, and no room imports it.  It knows no
Hydra; settings come as plain values.
"""
