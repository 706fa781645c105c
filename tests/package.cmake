# The package as strangers meet it: code that must not compile, a project that consumes the installed and the source tree,
# and every header in two translation units.
