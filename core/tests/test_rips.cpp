// Hand cases for Rips pairs, cocycles and spanning trees. `make core` builds and runs it under sanitizers.
#include <cmath>
#include <cstdio>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <tuple>

#include "topolens/rips.hpp"
#include "topolens/rips_cocycles.hpp"
#include "topolens/rips_cost.hpp"
#include "topolens/rips_sparse.hpp"
#include "topolens/spanning_tree.hpp"

using namespace topolens;

namespace {

using Bars = std::vector<std::tuple<std::int64_t, CellIndex, CellIndex>>;
constexpr double everything = std::numeric_limits<double>::infinity();
int failures = 0;

void expect(bool condition, const std::string& what) {
    if (condition) return;
    std::printf("FAILED: %s\n", what.c_str());
    ++failures;
}

void expect_refused(const std::function<void()>& call, const std::string& what) {
    try {
        call();
        expect(false, what + " is refused");
    } catch (const std::invalid_argument&) {
    }
}

template <class Scalar>
Bars bars(std::vector<Scalar> values, std::int64_t n, std::int64_t max_dim, std::int64_t field = 2,
          double max_scale = everything, int threads = 1) {
    Bars result;
    for (const Pairs& pairs : rips_batch_pairs(values.data(), 1, n, max_dim, field, max_scale, threads))
        for (const Pair& pair : pairs) result.emplace_back(pair.dim, pair.birth, pair.death);
    return result;
}

// n zeros, then edges from a distance.
std::vector<double> from_distance(std::int64_t n, const std::function<double(std::int64_t, std::int64_t)>& distance) {
    std::vector<double> values(static_cast<std::size_t>(n), 0.0);
    for (std::int64_t i = 0; i < n; ++i)
        for (std::int64_t j = 0; j < i; ++j) values.push_back(distance(i, j));
    return values;
}

void empty_and_single() {
    expect(bars<float>({}, 0, 2).empty(), "no vertex, no bar");
    expect(bars<float>({5}, 1, 2) == Bars{{0, 0, never}}, "one vertex, one component");
    expect(bars<float>({5}, 1, 0, 2, 4.0).empty(), "a vertex above max_scale does not exist");
    expect(bars<double>({0, 0, INFINITY}, 2, 1) == (Bars{{0, 0, never}, {0, 1, never}}), "an infinite edge never enters");
}

// Vertices 0..3 in a circle, sides 1, diagonals 2. Cells: (1,0) 4, (2,0) 5, (2,1) 6, (3,0) 7, (3,1) 8, (3,2) 9.
void square() {
    const std::vector<float> values{0, 0, 0, 0, 1, 2, 1, 1, 2, 1};
    const Bars components{{0, 0, never}, {0, 1, 4}, {0, 2, 6}, {0, 3, 7}};
    expect(bars(values, 4, 0) == components, "components of a square");
    Bars all = components;
    all.emplace_back(1, 9, 5);
    for (const std::int64_t max_dim : {1, 2, 5})
        for (const std::int64_t field : {2, 3, 47}) expect(bars(values, 4, max_dim, field) == all, "loop of a square");
    all.back() = {1, 9, never};
    expect(bars(values, 4, 1, 2, 1.0) == all, "below the diagonals the loop stays");
    expect(bars(values, 4, 1, 2, 0.5).size() == 4, "below the sides there are only vertices");
}

void weights() {
    // Vertex 0 enters last, so the older vertex 1 survives; the edge enters with vertex 0: no bar for it.
    expect(bars<double>({3, 1, 3}, 2, 1) == Bars{{0, 1, never}}, "a vertex that arrives joined leaves no bar");
    expect(bars<double>({2, 1, 3}, 2, 0) == (Bars{{0, 0, 2}, {0, 1, never}}), "the younger vertex dies");
    expect_refused([] { bars<double>({2, 1, 1.5}, 2, 0); }, "an edge below its vertex");
    expect_refused([] { bars<double>({0, 0, NAN}, 2, 1); }, "a NaN edge");
    expect_refused([] { bars<double>({NAN}, 1, 1); }, "a NaN vertex");
}

// The octahedron: antipodes (2k, 2k+1) at distance 2, all else 1; its 2-sphere is born with the last short
// edge (5, 3) and dies with the first long one (1, 0).
void octahedron() {
    const auto values = from_distance(6, [](auto i, auto j) { return i / 2 == j / 2 ? 2.0 : 1.0; });
    const auto found = bars(values, 6, 2);
    expect(found.size() == 7 && found.back() == std::tuple{2, 6 + edge_number(5, 3), 6 + edge_number(1, 0)},
           "sphere of an octahedron");
    expect(bars(values, 6, 2, 3) == found, "and over Z/3");
}

void refusals() {
    const std::vector<double> two{0, 0, 1};
    for (const std::int64_t field : {-1, 0, 1, 4, 32768}) expect_refused([&] { bars(two, 2, 1, field); }, "a field that is no prime");
    expect_refused([&] { bars(two, 2, -1); }, "a negative max_dim");
    expect_refused([&] { bars(two, 2, 1, 2, NAN); }, "a NaN max_scale");
    expect_refused([] { SimplexIndex(2000, 12); }, "too many simplices");
}

void simplex_numbers() {
    const SimplexIndex index(9, 4);
    std::vector<Vertex> vertices(4);
    for (std::int64_t number = 0; number < 126; ++number) {
        index.decode(number, vertices);
        expect(std::is_sorted(vertices.rbegin(), vertices.rend()) && index.number(vertices) == number, "numbers round trip");
    }
}

// The lune method and implicit cohomology are independent: they must agree, also on ties, for every thread count.
void methods_agree() {
    std::mt19937 random(7);
    for (int round = 0; round < 60; ++round) {
        const std::int64_t n = 4 + round % 25;
        const int levels = round % 3 == 0 ? 5 : 1 << 20;
        const auto values = from_distance(n, [&](auto, auto) { return static_cast<double>(random() % levels); });
        for (const std::int64_t field : {2, 3}) {
            const auto up_to = [](Bars all, std::int64_t dim) {
                std::erase_if(all, [&](const auto& bar) { return std::get<0>(bar) > dim; });
                return all;
            };
            const Bars low = bars(values, n, 1, field), middle = bars(values, n, 2, field);
            expect(n < 8 || middle == up_to(bars(values, n, 3, field), 2), "lunes = cohomology up to degree 2");
            expect(n < 6 || low == up_to(middle, 1), "degree 1 alone = with degree 2");
            expect(low == bars(values, n, 1, field, everything, 3), "one thread = three");
            expect(middle == bars(values, n, 2, field, everything, 3), "one thread = three in degree 2");
        }
    }
    const auto values = from_distance(200, [&](auto, auto) { return static_cast<double>(random()); });
    expect(bars(values, 200, 1) == bars(values, 200, 1, 2, everything, 4), "one thread = four inside one item");
    std::vector<std::pair<double, double>> points(120);
    for (auto& point : points) point = {static_cast<double>(random() % 1000), static_cast<double>(random() % 1000)};
    const auto cloud = from_distance(120, [&](auto i, auto j) {
        const auto [x, y] = points[static_cast<std::size_t>(i)];
        const auto [a, b] = points[static_cast<std::size_t>(j)];
        return std::hypot(x - a, y - b);
    });
    expect(bars(cloud, 120, 2) == bars(cloud, 120, 2, 2, everything, 4), "one thread = four inside one item, degree 2");
}

void batches() {
    std::mt19937 random(3);
    const std::int64_t n = 12, cells = RipsValues<float>::cells(n);
    std::vector<float> values(static_cast<std::size_t>(9 * cells), 0.0F);
    for (std::int64_t b = 0; b < 9; ++b)
        for (std::int64_t c = n; c < cells; ++c) values[static_cast<std::size_t>(b * cells + c)] = static_cast<float>(random() % 20);
    const auto together = rips_batch_pairs(values.data(), 9, n, 2, 2, everything, 4);
    for (std::int64_t b = 0; b < 9; ++b) {
        const auto alone = rips_batch_pairs(values.data() + b * cells, 1, n, 2, 2, everything, 1)[0];
        const auto& found = together[static_cast<std::size_t>(b)];
        bool equal = alone.size() == found.size();
        for (std::size_t k = 0; equal && k < alone.size(); ++k)
            equal = std::tie(alone[k].dim, alone[k].birth, alone[k].death) == std::tie(found[k].dim, found[k].birth, found[k].death);
        expect(equal, "batch = one by one");
    }
}

// A list of edges in the order of a matrix gives the pairs of the matrix.
void lists() {
    std::mt19937 random(11);
    for (int round = 0; round < 30; ++round) {
        const std::int64_t n = 6 + round % 12;
        const auto values = from_distance(n, [&](auto, auto) { return static_cast<double>(random() % 9); });
        std::vector<std::int64_t> ends;
        for (std::int64_t i = 0; i < n; ++i)
            for (std::int64_t j = 0; j < i; ++j) ends.insert(ends.end(), {j, i});
        for (const std::int64_t max_dim : {0, 1, 2, 3}) {
            const SparseRipsValues<double> item{values.data(), n, ends.data(), values.data() + n, edge_number(n, 0)};
            Bars listed;
            for (const Pair& pair : sparse_rips_pairs(item, max_dim, 3, 2)) listed.emplace_back(pair.dim, pair.birth, pair.death);
            expect(listed == bars(values, n, max_dim, 3), "a list = a matrix");
        }
    }
    const std::vector<double> values(4, 0.0);
    const std::vector<std::int64_t> twice{0, 1, 1, 0}, outside{0, 4}, loop{2, 2};
    const auto pairs_of = [&](const std::vector<std::int64_t>& ends) {
        sparse_rips_pairs(SparseRipsValues<double>{values.data(), 4, ends.data(), values.data(), std::ssize(ends) / 2}, 1, 2, 1);
    };
    expect_refused([&] { pairs_of(twice); }, "an edge that comes twice");
    expect_refused([&] { pairs_of(outside); }, "an unknown vertex");
    expect_refused([&] { pairs_of(loop); }, "an edge from a vertex to itself");
}

// More open classes than a block of bits holds, and few left at the end.
void many_classes() {
    std::mt19937 random(5);
    const auto values = from_distance(220, [&](auto, auto) { return static_cast<double>(random()); });
    std::int64_t ended = 0, open = 0;
    for (const auto& [dim, birth, death] : bars(values, 220, 1)) ended += dim == 1 && death != never;
    for (const auto& [dim, birth, death] : bars(values, 220, 1, 3)) open += dim == 1 && death != never;
    expect(ended > 1024 && ended == open, "many loops over Z/2 and Z/3");
    const auto costs = rips_cost(values.data(), 220, 2, {0.0, 1e9, 1e300});
    expect(costs[0].seconds <= costs[1].seconds && costs[1].seconds <= costs[2].seconds, "costs rise with the scale");
    expect(costs[2].openers > 500, "openers are counted");
}

void cocycles() {
    const std::vector<float> square{0, 0, 0, 0, 1, 2, 1, 1, 2, 1};
    const auto found = rips_cocycles(square.data(), 4, 3, everything);
    expect(found.size() == 1 && found[0].birth == 9 && found[0].death == 5, "bar of the square's cocycle");
    expect(found[0].edges == std::vector<CellIndex>{9} && found[0].coefficients == std::vector<std::int64_t>{1},
           "the square's cocycle lives on its last side");
    expect(rips_cocycles<float>(nullptr, 0, 2, everything).empty(), "no vertex, no cocycle");
}

void trees() {
    const std::vector<double> distances{0, 1, 1, 1, 0, 1, 1, 1, 0};
    const auto tied = spanning_tree_of_matrix(distances.data(), 3);
    expect(tied.size() == 2 && tied[0].i == 1 && tied[0].j == 0 && tied[1].i == 2 && tied[1].j == 0, "ties go to the lower edge");
    const std::vector<float> line{3, 0, 1};
    const auto path = spanning_tree_of_points(line.data(), 3, 1);
    expect(path.size() == 2 && path[0].i == 2 && path[0].j == 1 && path[1].i == 2 && path[1].j == 0, "three points on a line");
    expect(spanning_tree_of_points(line.data(), 0, 1).empty() && spanning_tree_of_matrix(distances.data(), 1).empty(), "no edge");
    const std::vector<double> nan{0, NAN, NAN, 0};
    expect_refused([&] { spanning_tree_of_matrix(nan.data(), 2); }, "a NaN distance");
}

}  // namespace

int main() {
    empty_and_single();
    square();
    weights();
    octahedron();
    refusals();
    simplex_numbers();
    methods_agree();
    batches();
    lists();
    many_classes();
    cocycles();
    trees();
    std::printf(failures == 0 ? "ok\n" : "%d failures\n", failures);
    return failures == 0 ? 0 : 1;
}
