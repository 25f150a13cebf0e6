// Matchings as arrays, for images and for volumes.
#pragma once

#include "bindings.hpp"
#include "topolens/bar_matching.hpp"

// Arrays (dim, batch, cells) of all items, cells of shape (rows, 4); needs the GIL.
inline nb::tuple packed_matches(const std::vector<std::vector<topolens::BarMatch>>& items) {
    std::vector<std::int64_t> dim, batch, cells;
    for (size_t b = 0; b < items.size(); ++b)
        for (const topolens::BarMatch& match : items[b]) {
            dim.push_back(match.dim);
            batch.push_back(static_cast<std::int64_t>(b));
            cells.insert(cells.end(), match.cells.begin(), match.cells.end());
        }
    const size_t rows = dim.size();
    return nb::make_tuple(owned(std::move(dim), {rows}), owned(std::move(batch), {rows}),
                          owned(std::move(cells), {rows, 4}));
}
