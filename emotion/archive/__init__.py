"""Archives that one machine does not manage; see ``engine``. Needs the extra ``archive``."""
