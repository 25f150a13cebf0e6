// Numbers the simplices on n vertices: v_k > ... > v_0 gets C(v_k, k + 1) + ... + C(v_0, 1).
#pragma once

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace topolens {

using Vertex = std::int32_t;

class SimplexIndex {
public:
    // Serves simplices of up to `max_size` vertices; refuses sizes whose numbers could leave 62 bits.
    SimplexIndex(std::int64_t vertex_count, std::int64_t max_size) : rows_(vertex_count + 1) {
        constexpr std::int64_t limit = std::int64_t{1} << 62;
        table_.assign(static_cast<std::size_t>(rows_ * (max_size + 1)), 0);
        for (std::int64_t v = 0; v < rows_; ++v) {
            at(v, 0) = 1;
            for (std::int64_t k = 1; k <= std::min(v, max_size); ++k) {
                at(v, k) = at(v - 1, k - 1) + at(v - 1, k);
                if (at(v, k) > limit)
                    throw std::invalid_argument("a Rips complex on n = " + std::to_string(vertex_count) +
                                                " vertices has more than 2^62 possible simplices of dimension " +
                                                std::to_string(k - 1) + "; lower max_dim or n");
            }
        }
    }

    std::int64_t binomial(std::int64_t v, std::int64_t k) const {
        return table_[static_cast<std::size_t>(k * rows_ + v)];
    }

    // Vertices in falling order.
    std::int64_t number(std::span<const Vertex> vertices) const {
        std::int64_t sum = 0;
        auto k = static_cast<std::int64_t>(vertices.size());
        for (const Vertex v : vertices) sum += binomial(v, k--);
        return sum;
    }

    // Inverse of `number`: fills `vertices` in falling order.
    void decode(std::int64_t number, std::span<Vertex> vertices) const {
        auto k = static_cast<std::int64_t>(vertices.size());
        std::int64_t above = rows_ - 1;  // the next vertex is smaller than this
        for (Vertex& vertex : vertices) {
            std::int64_t low = k - 1;
            for (std::int64_t high = above - 1; low < high;) {
                const std::int64_t middle = (low + high + 1) / 2;
                if (binomial(middle, k) <= number)
                    low = middle;
                else
                    high = middle - 1;
            }
            number -= binomial(low, k--);
            vertex = static_cast<Vertex>(low);
            above = low;
        }
    }

private:
    std::int64_t& at(std::int64_t v, std::int64_t k) { return table_[static_cast<std::size_t>(k * rows_ + v)]; }

    std::int64_t rows_;
    std::vector<std::int64_t> table_;  // one row per k: decoding searches along v
};

}  // namespace topolens
