"""Replaying citizens' messages: filed through the portal's own action, handled by simulated staff through the same
actions as people, faster than life.
"""
