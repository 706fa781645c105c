# Every public header, by hand: what is not named here is neither installed nor verified.

# Layers core to average: no dependency, each compiles alone.
set(sqwa_headers
  include/sqwa/version.hpp
  include/sqwa/core/bytes.hpp
  include/sqwa/core/config.hpp
  include/sqwa/core/contract.hpp
  include/sqwa/core/math.hpp
  include/sqwa/core/noise.hpp
  include/sqwa/exec/backend.hpp
  include/sqwa/exec/executor.hpp
  include/sqwa/kernels/portable.hpp
  include/sqwa/tensor/adapter.hpp
  include/sqwa/tensor/shape.hpp)

# Layers nn upward: need xtensor, and io zlib and nlohmann-json.
set(sqwa_hosted_headers)

# Backends: each names one third-party library.
set(sqwa_backend_headers
  include/sqwa/fast.hpp
  include/sqwa/exec/tbb.hpp
  include/sqwa/kernels/xsimd.hpp
  include/sqwa/tensor/xtensor.hpp)
