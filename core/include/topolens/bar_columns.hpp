// Bars of one item after another, as the columns that a batch of diagrams holds.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "pairs.hpp"
#include "raw_array.hpp"

namespace topolens {

struct BarColumns {
    RawArray<std::int64_t> dim, batch, cells;  // cells: birth and death of each bar side by side
    std::size_t count = 0;

    // Room for `more` bars; returns where the cells of the next bar go.
    std::int64_t* reserve(std::size_t more) {
        dim.reserve(count + more);
        batch.reserve(count + more);
        cells.reserve(2 * (count + more));
        return cells.data() + 2 * count;
    }

    // Takes over `more` bars whose cells have been written.
    void commit(std::size_t more, std::int64_t of_dim, std::int64_t item) {
        std::fill_n(dim.data() + count, more, of_dim);
        std::fill_n(batch.data() + count, more, item);
        count += more;
    }

    void append(const BarColumns& others) {
        std::copy_n(others.cells.data(), 2 * others.count, reserve(others.count));
        std::copy_n(others.dim.data(), others.count, dim.data() + count);
        std::copy_n(others.batch.data(), others.count, batch.data() + count);
        count += others.count;
    }
};

}  // namespace topolens
