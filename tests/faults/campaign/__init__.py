"""The campaign: every API, every fault, every step of a turn; and then the next command.

Mental model: a *trial* is a conversation with one whole turn (or none), a second turn that meets a
fault, and a third that must go well. Whatever happened, the transcript holds each message once, what
arrived is there, what is complete is whole, and the server was not asked for the same answer twice.
"""
