// The only thing an engine returns: which cell starts a bar and which ends it.
#pragma once

#include <cstdint>
#include <vector>

namespace topolens {

using CellIndex = std::int64_t;
inline constexpr CellIndex never = -1;  // death cell of an essential bar

struct Pair {
    std::int64_t dim;
    CellIndex birth;
    CellIndex death;
};

using Pairs = std::vector<Pair>;  // of one item of the batch

}  // namespace topolens
