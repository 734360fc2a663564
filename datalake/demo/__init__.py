"""The whole product in one command: real parts, real videos, and a balance at the end."""
