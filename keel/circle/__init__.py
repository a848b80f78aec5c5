"""The circle: a beacon chain and the real processes that report on it and keep Keel going."""
