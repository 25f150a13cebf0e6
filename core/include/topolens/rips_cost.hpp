// What rips_pairs will cost at several scales, from the lunes of a few edges.
//
// Lunes say it all: their components are the relations of degree 1, their vertices the triangles and their cliques
// the simplices that enter with an edge. Edges are looked at by length, the shortest ones more often, for
// that is where small scales cut. A number for a scale is a sum over the edges below it, so it never falls as the
// scale rises. Nothing is random.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "rips.hpp"

namespace topolens {

struct RipsCost {
    std::vector<double> simplices;  // by dimension, 0 .. max_dim + 1, below the scale and the enclosing radius
    double openers = 0, relations = 0;  // of degree 1
    double columns = 0;  // triangles that need a column where degree 2 is reduced by cohomology
    double seconds = 0, bytes = 0;
};

namespace detail {

template <class Scalar>
class CostSample {
public:
    CostSample(RipsValues<Scalar> item, std::int64_t max_dim)
        : item_(item), dims_(static_cast<std::size_t>(max_dim) + 2) {
        pick(std::min(existing_limit<Scalar>(std::numeric_limits<double>::infinity()),
                      enclosing_radius(item, std::numeric_limits<Scalar>::max())));
    }

    RipsCost below(double scale) const {
        RipsCost cost;
        cost.simplices.assign(dims_, 0.0);
        cost.simplices[0] = static_cast<double>(item_.n);
        const auto end = std::upper_bound(values_.begin(), values_.end(), scale);
        cost.simplices[1] = weight_ * static_cast<double>(end - values_.begin());
        double empty = 0;
        for (const Look& look : looks_) {
            if (look.value > scale) continue;
            empty += look.weight * look.empty;
            cost.relations += look.weight * look.relations;
            cost.columns += look.weight * look.columns;
            double cliques = 1;
            for (std::size_t d = 2; d < dims_; ++d) {
                const auto k = static_cast<double>(d - 2);
                cliques *= std::max(look.vertices - k, 0.0) / (k + 1) * std::pow(look.density, k);
                cost.simplices[d] += look.weight * cliques;
            }
        }
        cost.openers = std::max(empty - static_cast<double>(item_.n), 0.0);
        return cost;
    }

private:
    static constexpr std::int64_t sampled = 1 << 14;
    static constexpr std::int64_t looks_per_layer = 32, layers = 7;

    struct Look {
        double value, weight;
        double empty = 0, relations = 0, columns = 0, vertices = 0, density = 0;
    };

    Scalar value(std::int64_t a, std::int64_t b) const {
        return item_.edges()[a > b ? edge_number(a, b) : edge_number(b, a)];
    }
    // Is (a, b) earlier than the edge (i, j)?
    bool earlier(std::int64_t a, std::int64_t b, Scalar length, std::int64_t number) const {
        if (a == b) return false;
        const std::int64_t other = a > b ? edge_number(a, b) : edge_number(b, a);
        const Scalar own = item_.edges()[other];
        return own != length ? own < length : other < number;
    }

    void pick(Scalar limit) {
        const std::int64_t count = edge_number(item_.n, 0);
        const std::int64_t step = std::max<std::int64_t>(count / sampled, 1);
        std::vector<std::pair<Scalar, std::int64_t>> edges;
        for (std::int64_t t = 0; t < count / step; ++t) {
            const std::int64_t number = t * step + t * 2654435761 % step;
            if (item_.edges()[number] <= limit) edges.emplace_back(item_.edges()[number], number);
        }
        std::sort(edges.begin(), edges.end());
        weight_ = count > 0 ? static_cast<double>(count) / static_cast<double>(count / step) : 0.0;
        for (const auto& edge : edges) values_.push_back(static_cast<double>(edge.first));
        const auto total = static_cast<std::int64_t>(edges.size());
        for (std::int64_t layer = layers - 1; layer >= 0; --layer) {
            const std::int64_t begin = layer == layers - 1 ? 0 : total >> (layer + 1), end = total >> layer;
            const std::int64_t looks = std::min(looks_per_layer, end - begin);
            for (std::int64_t k = 0; k < looks; ++k) {
                const auto& [length, number] = edges[static_cast<std::size_t>(begin + (end - begin) * k / looks)];
                const double share = static_cast<double>(end - begin) / static_cast<double>(looks);
                looks_.push_back(look(length, number, weight_ * share));
            }
        }
    }

    Look look(Scalar length, std::int64_t number, double weight) {
        auto i = static_cast<std::int64_t>((1 + std::sqrt(1 + 8 * static_cast<double>(number))) / 2);
        while (edge_number(i, 0) > number) --i;
        while (edge_number(i + 1, 0) <= number) ++i;
        const std::int64_t j = number - edge_number(i, 0);
        lune_.clear();
        for (std::int64_t k = 0; k < item_.n; ++k)
            if (earlier(i, k, length, number) && earlier(j, k, length, number)) lune_.push_back(k);
        Look found{static_cast<double>(length), weight};
        found.vertices = static_cast<double>(lune_.size());
        if (lune_.empty()) {
            found.empty = 1;
            return found;
        }
        const auto joined = [&](std::int64_t a, std::int64_t b) { return earlier(a, b, length, number); };
        found.relations = components(joined) - 1;
        if (dims_ > 3) {
            found.columns = columns(joined);
            found.density = density(joined);
        }
        return found;
    }

    template <class Joined>
    double components(Joined&& joined) {
        std::vector<std::int64_t> left = lune_, queue;
        double count = 0;
        for (; !left.empty(); ++count) {
            queue.assign(1, left.back());
            left.pop_back();
            for (std::size_t head = 0; head < queue.size() && !left.empty(); ++head)
                std::erase_if(left, [&](std::int64_t v) {
                    if (!joined(queue[head], v)) return false;
                    queue.push_back(v);
                    return true;
                });
        }
        return count;
    }

    // Triangles over the edge that are in no apparent pair: without a later vertex that is joined, and not the last.
    template <class Joined>
    double columns(Joined&& joined) const {
        double count = 0;
        for (std::size_t k = 0; k + 1 < lune_.size(); ++k) {
            std::size_t l = lune_.size() - 1;
            while (l > k && !joined(lune_[k], lune_[l])) --l;
            count += l == k;
        }
        return count;
    }

    template <class Joined>
    double density(Joined&& joined) const {
        const std::size_t m = lune_.size();
        double pairs = 0, edges = 0;
        const std::size_t step = std::max<std::size_t>(m * (m - 1) / 2 / 256, 1);
        std::size_t number = 0;
        for (std::size_t k = 0; k < m; ++k)
            for (std::size_t l = 0; l < k; ++l)
                if (number++ % step == 0) {
                    ++pairs;
                    edges += joined(lune_[k], lune_[l]);
                }
        return pairs > 0 ? edges / pairs : 0.0;
    }

    RipsValues<Scalar> item_;
    std::size_t dims_;
    double weight_ = 0;
    std::vector<double> values_;  // of the sampled edges, rising
    std::vector<Look> looks_;
    std::vector<std::int64_t> lune_;
};

// Nanoseconds and bytes of one thread, fitted to runs on circles, spheres, cubes, correlations and random
// numbers with 100 to 2,000 vertices.
inline void price(RipsCost& cost, std::int64_t n, std::int64_t max_dim, std::int64_t scalar_bytes) {
    const auto vertices = static_cast<double>(n);
    const double edges = cost.simplices[1], pairs = vertices * vertices / 2;
    double nanoseconds = 2e3 + 3 * pairs;
    double bytes = 8 * vertices;
    if (max_dim >= 1) {
        const double words = std::ceil(vertices / 64);
        const double sorting = edges * static_cast<double>(4 + 4 * scalar_bytes);
        const double classes = cost.openers * std::min(cost.openers, cost.relations) / 32;
        nanoseconds += edges * 25;
        bytes += std::max(sorting, 8 * pairs + 8 * edges + 12 * cost.relations + (max_dim == 1 ? classes : 0));
        nanoseconds += edges * (20 + 4 * words) + 400 * cost.relations + 1.1e-4 * std::pow(cost.openers, 3);
    }
    if (max_dim == 2) {
        nanoseconds += 5 * cost.simplices[2] + 30e3 * cost.relations + 120 * cost.relations * cost.relations;
        bytes += pairs / 4 + 1000 * cost.relations;
    }
    for (std::int64_t d = 2; max_dim > 2 && d <= max_dim; ++d) {
        const double triangles = std::max(cost.simplices[2], 1.0);
        const double columns = cost.columns * cost.simplices[static_cast<std::size_t>(d)] / triangles;
        nanoseconds += 20 * cost.simplices[static_cast<std::size_t>(d)] + 100 * vertices * columns;
        bytes += 80 * columns * vertices;
    }
    cost.seconds = 1e-9 * nanoseconds;
    cost.bytes = bytes;
}

}  // namespace detail

// One cost per scale, for degrees 0 .. max_dim of one item on one thread.
template <class Scalar>
std::vector<RipsCost> rips_cost(const Scalar* values, std::int64_t n, std::int64_t max_dim,
                                const std::vector<double>& scales) {
    if (max_dim > 64) throw std::invalid_argument("a cost is estimated up to max_dim 64, got " + std::to_string(max_dim));
    check_rips_request(n, max_dim, 2, 0.0);
    const RipsValues<Scalar> item{values, n};
    check_rips_values(item);
    const detail::CostSample<Scalar> sample(item, std::max<std::int64_t>(max_dim, 1));
    std::vector<RipsCost> costs;
    for (const double scale : scales) {
        costs.push_back(sample.below(scale));
        detail::price(costs.back(), n, max_dim, sizeof(Scalar));
    }
    return costs;
}

}  // namespace topolens
