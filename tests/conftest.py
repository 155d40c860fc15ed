"""For all tests."""

# pytest's plugin imports it at the end at the latest: after a run has frozen the garbage collector,
# hypothesis takes other libraries' generators for garbage and warns.
import hypothesis

hypothesis.settings.register_profile("any machine", deadline=None)
hypothesis.settings.load_profile("any machine")
