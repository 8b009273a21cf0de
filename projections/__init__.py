"""Recorded events become rows for dashboards (architecture.md §3).

This room knows contracts only, never how decisions are made.
"""
