//! paddles-http
