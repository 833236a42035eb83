"""Screens and dialogs: which widgets stand where, which keys do what, and which action they start."""
