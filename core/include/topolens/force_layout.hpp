// Force-directed refinement of a drawing: all points push each other apart, edges pull their ends together.
// The pushes of far points are summed over the cells of a quadtree (Barnes and Hut, 1986); the forces are those of
// Fruchterman and Reingold (1991). Each point's force is summed by itself in a fixed order, so threads change nothing.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "threads.hpp"

namespace topolens {

struct Spot {
    double x = 0, y = 0;
};

// A graph of `points` vertices: the neighbours of v are targets[offsets[v] .. offsets[v + 1]), each pulling by its
// weight.
struct PullGraph {
    std::int64_t points;
    const std::int64_t* offsets;
    const std::int64_t* targets;
    const double* weights;
};

// Points in the order of a Z curve, cells in the order of a walk from the root; `skip` is the cell after the subtree.
class QuadTree {
   public:
    struct Cell {
        Spot middle;
        double mass = 0, square_of_width = 0;
        std::int32_t begin = 0, end = 0, skip = 0;
        bool is_leaf = false;
    };

    explicit QuadTree(const std::vector<Spot>& spots) {
        Spot low = spots[0], high = spots[0];
        for (const Spot& s : spots) {
            low = {std::min(low.x, s.x), std::min(low.y, s.y)};
            high = {std::max(high.x, s.x), std::max(high.y, s.y)};
        }
        const double width = std::max({high.x - low.x, high.y - low.y, 1e-300});
        const double scale = static_cast<double>(side - 1) / width;
        codes_.resize(spots.size());
        for (std::size_t i = 0; i < spots.size(); ++i)
            codes_[i] = {spread(static_cast<std::uint64_t>((spots[i].x - low.x) * scale)) |
                             spread(static_cast<std::uint64_t>((spots[i].y - low.y) * scale)) << 1,
                         static_cast<std::int32_t>(i)};
        std::sort(codes_.begin(), codes_.end());
        ordered_.reserve(spots.size());
        for (const auto& code : codes_) ordered_.push_back(spots[static_cast<std::size_t>(code.second)]);
        cells_.reserve(spots.size());
        grow(0, static_cast<std::int32_t>(spots.size()), levels, width);
    }

    // Sum over all other points of (here - there) / |here - there|^2.
    Spot push(Spot here, std::int32_t self, double square_of_opening) const {
        Spot sum;
        for (std::int32_t c = 0, last = static_cast<std::int32_t>(cells_.size()); c < last;) {
            const Cell& cell = cells_[static_cast<std::size_t>(c)];
            const double dx = here.x - cell.middle.x, dy = here.y - cell.middle.y, square = dx * dx + dy * dy;
            if (cell.square_of_width < square_of_opening * square) {
                sum.x += cell.mass * dx / square;
                sum.y += cell.mass * dy / square;
                c = cell.skip;
            } else if (cell.is_leaf) {
                push_one_by_one(here, self, cell, sum);
                c = cell.skip;
            } else {
                ++c;
            }
        }
        return sum;
    }

   private:
    static constexpr int levels = 24;
    static constexpr std::uint64_t side = std::uint64_t{1} << levels;
    static constexpr std::int32_t crowd = 6;

    static std::uint64_t spread(std::uint64_t v) {
        v = (v | v << 16) & 0x0000ffff0000ffffU;
        v = (v | v << 8) & 0x00ff00ff00ff00ffU;
        v = (v | v << 4) & 0x0f0f0f0f0f0f0f0fU;
        v = (v | v << 2) & 0x3333333333333333U;
        return (v | v << 1) & 0x5555555555555555U;
    }

    void push_one_by_one(Spot here, std::int32_t self, const Cell& cell, Spot& sum) const {
        for (std::int32_t k = cell.begin; k < cell.end; ++k) {
            const std::int32_t other = codes_[static_cast<std::size_t>(k)].second;
            if (other == self) continue;
            const Spot there = ordered_[static_cast<std::size_t>(k)];
            const double dx = here.x - there.x, dy = here.y - there.y, square = dx * dx + dy * dy;
            if (square > 1e-18) {
                sum.x += dx / square;
                sum.y += dy / square;
            } else {  // points in one place part along a line that their numbers choose
                sum.x += self < other ? -1.0 : 1.0;
                sum.y += ((self ^ other) & 1) != 0 ? (self < other ? -1.0 : 1.0) : 0.0;
            }
        }
    }

    void grow(std::int32_t begin, std::int32_t end, int level, double width) {
        const std::size_t own = cells_.size();
        cells_.push_back({});
        Spot sum;
        for (std::int32_t k = begin; k < end; ++k) {
            sum.x += ordered_[static_cast<std::size_t>(k)].x;
            sum.y += ordered_[static_cast<std::size_t>(k)].y;
        }
        const double mass = end - begin;
        const bool is_leaf = end - begin <= crowd || level == 0;
        if (!is_leaf) {
            const auto quarter = [&](std::int32_t k) {
                return codes_[static_cast<std::size_t>(k)].first >> (2 * level - 2) & 3U;
            };
            for (std::int32_t from = begin; from < end;) {
                const std::uint64_t which = quarter(from);
                std::int32_t to = from + 1;
                while (to < end && quarter(to) == which) ++to;
                grow(from, to, level - 1, width / 2);
                from = to;
            }
        }
        cells_[own] = {{sum.x / mass, sum.y / mass}, mass,    width * width, begin, end,
                       static_cast<std::int32_t>(cells_.size()), is_leaf};
    }

    std::vector<std::pair<std::uint64_t, std::int32_t>> codes_;
    std::vector<Spot> ordered_;
    std::vector<Cell> cells_;
};

struct Refinement {
    double length = 1;     // edge length at which a pull of weight 1 balances the push of its other end
    std::int64_t rounds = 200;
    double farthest = 1;   // how far a point may move in the first round; falls to 0 in a straight line
    double opening = 0.9;  // cells narrower than this share of their distance count as one point
    bool only_y = false;   // x stays as it is
};

// Moves the spots `rounds` times. Pushes are length^2 / distance, pulls weight * distance^2 / length; a move is the
// force over its stiffness, and no longer than the round allows.
inline void refine_layout(std::vector<Spot>& spots, const PullGraph& graph, const Refinement& how, int threads) {
    if (graph.points < 2) return;
    const int crew = static_cast<int>(std::clamp<std::int64_t>(graph.points / 1000, 1, std::max(threads, 1)));
    const double square_of_length = how.length * how.length, square_of_opening = how.opening * how.opening;
    std::vector<Spot> moved(spots.size());
    for (std::int64_t round = 0; round < how.rounds; ++round) {
        const double reach =
            how.farthest * (1 - static_cast<double>(round) / static_cast<double>(how.rounds));
        const QuadTree tree(spots);
        parallel_chunks(graph.points, crew, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t v = begin; v < end; ++v) {
                const Spot here = spots[static_cast<std::size_t>(v)];
                Spot force = tree.push(here, static_cast<std::int32_t>(v), square_of_opening);
                force = {force.x * square_of_length, force.y * square_of_length};
                double stiffness = 1;
                for (std::int64_t e = graph.offsets[v]; e < graph.offsets[v + 1]; ++e) {
                    const Spot there = spots[static_cast<std::size_t>(graph.targets[e])];
                    const double dx = there.x - here.x, dy = there.y - here.y;
                    const double pull = graph.weights[e] * std::sqrt(dx * dx + dy * dy) / how.length;
                    force = {force.x + pull * dx, force.y + pull * dy};
                    stiffness += 2 * pull;
                }
                if (how.only_y) force.x = 0;
                double share = 1 / stiffness;
                const double size = share * std::sqrt(force.x * force.x + force.y * force.y);
                if (size > reach) share *= reach / size;
                moved[static_cast<std::size_t>(v)] = {here.x + share * force.x, here.y + share * force.y};
            }
        });
        spots.swap(moved);
    }
}

}  // namespace topolens
