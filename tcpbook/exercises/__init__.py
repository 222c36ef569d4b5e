"""Questions the reader answers: predict, and the exercises built on it."""
