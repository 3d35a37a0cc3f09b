"""The embedded telephony engine: one asyncio process, no Django, nothing of the platform. See README.md."""
