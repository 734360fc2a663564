"""Seeded faults on a whole stack under load, and the audit: was anything lost, or done twice?

`traffic` plans the messages, `producer` sends them and keeps the broker's receipts, `schedule` deals the
faults, `victims` and `faults` carry them out, `facts` collects what is left behind, `audit` judges it,
`report` tells.
"""
