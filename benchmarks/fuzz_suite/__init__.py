"""Messages that nobody should send, through a real broker and `claim`, and the check that none got lost.

`examples` draws messages by hypothesis, `messages` varies them up to any number, `delivery` sends them and
keeps the broker's receipts, `drain` claims them, `audit` compares receipts, ledger and dead letters.
"""
