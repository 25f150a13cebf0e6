// Dimension 1 of a box: a reduction of squares to edges.
//
// Columns come block by block, so that what one of them touches is near what the one before it touched. A column that
// meets a pivot taken by a later one takes it over, and the later one goes on from there: the pairs are the same in
// whatever order columns come. Most columns keep the boundary of their square, which takes no room.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include "box_cells.hpp"
#include "ranked_bits.hpp"

namespace topolens {

// Pairs of one pair of orders after another.
class LoopPairs {
public:
    // Edges that are the latest of no cycle are struck out, and squares whose columns would come out empty.
    // event(edge, square) for each pair.
    template <class Event>
    void pair(const BoxGrid& grid, const CellOrder& edges, const std::vector<bool>& struck_edges,
              const CellOrder& squares, const std::vector<bool>& struck_squares, Event&& event) {
        list_rows(edges, struck_edges);
        list_columns(grid, squares, struck_squares);
        for (const std::int32_t square : columns_) {
            const std::array<std::int32_t, 4> column = rows_of(grid, square);
            const std::int32_t pivot = *std::max_element(column.begin(), column.end());
            const std::int32_t rank = squares.rank[static_cast<std::size_t>(square)];
            Owner& owner = owner_of(pivot);
            if (owner.column < 0) {
                owner = {rank, square};
                continue;
            }
            add(column);
            reduce(grid, rank);
        }
        for (std::size_t row = 0; row < edges_.size(); ++row) {
            const auto edge = static_cast<std::size_t>(edges_[row]);
            const std::int32_t column = owners_[edge].column;
            if (column >= 0) event(edges_[row], squares.cells[static_cast<std::size_t>(column)]);
        }
    }

private:
    // The column that has a pivot; it is the boundary of a square, or (-1 - k) stored from starts_[k] on.
    struct Owner {
        std::int32_t column = -1;
        std::int32_t content = 0;
    };

    Owner& owner_of(std::int32_t row) {
        return owners_[static_cast<std::size_t>(edges_[static_cast<std::size_t>(row)])];
    }

    void list_rows(const CellOrder& edges, const std::vector<bool>& struck) {
        edges_.clear();
        row_.assign(edges.rank.size(), -1);
        for (const std::int32_t edge : edges.cells) {
            if (struck[static_cast<std::size_t>(edge)]) continue;
            row_[static_cast<std::size_t>(edge)] = static_cast<std::int32_t>(edges_.size());
            edges_.push_back(edge);
        }
        owners_.assign(edges.rank.size(), Owner{});
        column_.reset(static_cast<std::int64_t>(edges_.size()));
        starts_.clear();
        stored_.clear();
    }

    void list_columns(const BoxGrid& grid, const CellOrder& squares, const std::vector<bool>& struck) {
        std::vector<std::int32_t> start(grid.blocks() + 1);
        const auto for_each = [&](auto&& visit) {
            for (const std::int32_t square : squares.cells)
                if (!struck[static_cast<std::size_t>(square)]) visit(square);
        };
        for_each([&](std::int32_t square) { ++start[grid.block(square) + 1]; });
        std::partial_sum(start.begin(), start.end(), start.begin());
        columns_.resize(static_cast<std::size_t>(start.back()));
        for_each([&](std::int32_t square) {
            columns_[static_cast<std::size_t>(start[grid.block(square)]++)] = square;
        });
    }

    std::array<std::int32_t, 4> rows_of(const BoxGrid& grid, std::int32_t square) const {
        std::array<std::int32_t, 4> rows = grid.sides(square);
        for (std::int32_t& row : rows) row = row_[static_cast<std::size_t>(row)];
        return rows;
    }

    // Reduces what is in column_ until it has a pivot to take.
    void reduce(const BoxGrid& grid, std::int32_t rank) {
        for (;;) {
            Owner& owner = owner_of(column_.largest());
            const Owner before = owner;
            const bool is_free = before.column < 0;
            if (is_free || before.column > rank) {
                owner = {rank, -1 - static_cast<std::int32_t>(starts_.size())};
                store();
                if (is_free) return;
                add(starts_.back());
                rank = before.column;
            }
            if (before.content >= 0)
                add(rows_of(grid, before.content));
            else
                add(starts_[static_cast<std::size_t>(-1 - before.content)]);
        }
    }

    void add(const std::array<std::int32_t, 4>& rows) {
        for (const std::int32_t row : rows)
            if (row >= 0) column_.toggle(row);
    }

    void add(std::size_t start) {
        for (std::size_t k = start; stored_[k] >= 0; ++k) column_.toggle(stored_[k]);
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

    std::vector<std::int32_t> row_;      // per edge; -1 where struck out
    std::vector<std::int32_t> edges_;    // per row
    std::vector<std::int32_t> columns_;  // squares, block by block
    std::vector<Owner> owners_;          // per edge
    std::vector<std::size_t> starts_;
    std::vector<std::int32_t> stored_;
    RankedBits column_;
};

}  // namespace topolens
