// Dimension 1 of a box: a reduction of squares to edges.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "box_cells.hpp"
#include "ranked_bits.hpp"

namespace topolens {

// Dimension 1 of one pair of volumes after another.
class LoopPairs {
public:
    // Edges that can end no cycle of inner, and squares that start voids of outer, are struck out. event(edge, square)
    // for each pair.
    template <class Event>
    void pair(const BoxGrid& grid, const CellOrder& edges, const std::vector<bool>& struck_edges,
              const CellOrder& squares, const std::vector<bool>& struck_squares, Event&& event) {
        list_rows(edges, struck_edges);
        for (const std::int32_t square : squares.cells) {
            if (struck_squares[static_cast<std::size_t>(square)]) continue;
            const std::array<std::int32_t, 4> column = rows_of(grid, square);
            std::int32_t pivot = *std::max_element(column.begin(), column.end());
            if (owner(pivot) == nobody)
                owner(pivot) = square;
            else
                pivot = reduce(grid, column);
            event(edges_[static_cast<std::size_t>(pivot)], square);
        }
    }

private:
    static constexpr std::int32_t nobody = -1;

    // Who owns a pivot: a square, as it stands, or (-2 - k) what is left of one, from starts_[k] on.
    std::int32_t& owner(std::int32_t row) { return owners_[static_cast<std::size_t>(row)]; }

    void list_rows(const CellOrder& edges, const std::vector<bool>& struck) {
        edges_.clear();
        row_.assign(edges.rank.size(), -1);
        for (const std::int32_t edge : edges.cells) {
            if (struck[static_cast<std::size_t>(edge)]) continue;
            row_[static_cast<std::size_t>(edge)] = static_cast<std::int32_t>(edges_.size());
            edges_.push_back(edge);
        }
        owners_.assign(edges_.size(), nobody);
        column_.reset(static_cast<std::int64_t>(edges_.size()));
        starts_.clear();
        stored_.clear();
    }

    std::array<std::int32_t, 4> rows_of(const BoxGrid& grid, std::int32_t square) const {
        std::array<std::int32_t, 4> rows = grid.sides(square);
        for (std::int32_t& row : rows) row = row_[static_cast<std::size_t>(row)];
        return rows;
    }

    // Reduces a column to a pivot of its own.
    std::int32_t reduce(const BoxGrid& grid, const std::array<std::int32_t, 4>& square) {
        add(square);
        for (;;) {
            const std::int32_t pivot = column_.largest(), other = owner(pivot);
            if (other == nobody) {
                owner(pivot) = -2 - static_cast<std::int32_t>(starts_.size());
                store();
                return pivot;
            }
            if (other >= 0)
                add(rows_of(grid, other));
            else
                for (std::size_t k = starts_[static_cast<std::size_t>(-2 - other)]; stored_[k] >= 0; ++k)
                    column_.toggle(stored_[k]);
        }
    }

    void add(const std::array<std::int32_t, 4>& rows) {
        for (const std::int32_t row : rows)
            if (row >= 0) column_.toggle(row);
    }

    // Moves the column away; -1 ends it.
    void store() {
        starts_.push_back(stored_.size());
        for (std::int32_t row = column_.largest(); row >= 0; row = column_.largest()) {
            column_.toggle(row);
            stored_.push_back(row);
        }
        stored_.push_back(-1);
    }

    std::vector<std::int32_t> row_;    // per edge; -1 where struck out
    std::vector<std::int32_t> edges_;  // per row
    std::vector<std::int32_t> owners_;
    std::vector<std::size_t> starts_;
    std::vector<std::int32_t> stored_;
    RankedBits column_;
};

}  // namespace topolens
