// Hand cases for the headers behind bindings/clouds.cpp. `make core` builds and runs it under sanitizers.
#include <cmath>
#include <cstdio>
#include <random>
#include <vector>

#include "topolens/maxmin.hpp"
#include "topolens/neighbours.hpp"
#include "topolens/single_linkage.hpp"
#include "topolens/witness.hpp"

using namespace topolens;
using Indices = std::vector<std::int64_t>;

namespace {

int failures = 0;

void check(bool good, const char* name) {
    if (good) return;
    ++failures;
    std::printf("FAILED %s\n", name);
}

void witnesses() {
    // Landmarks at 0, 4 and 10 on a line, witnesses at 1, 2, 6 and 7.
    const std::vector<float> distances{1, 2, 6, 7, 3, 2, 2, 3, 9, 8, 4, 3};
    const std::vector<float> slack{0, 0, 0, 0};
    for (int threads : {1, 2, 5}) {
        check(witness_edges(distances.data(), slack.data(), 3, 4, threads) == Indices{1, 2, 3}, "witness edges");
        check(witness_edges(distances.data(), slack.data(), 1, 4, threads).empty(), "one landmark");
    }
    const std::vector<float> wide{9, 9, 9, 9};
    check(witness_edges(distances.data(), wide.data(), 3, 4, 1) == Indices{0, 0, 0}, "the lowest witness wins");
    // The same least value in two tiles.
    std::vector<double> far(2 * 1000, 5.0);
    far[700] = far[1700] = far[900] = far[1900] = 1.0;
    check(witness_edges(far.data(), std::vector<double>(1000).data(), 2, 1000, 1) == Indices{700}, "second tile");
}

void neighbours() {
    const std::vector<double> line{0, 1, 3, 3};
    check(kth_neighbour(line.data(), 4, 1, 1, 1) == std::vector<double>{1, 1, 0, 0}, "nearest, duplicates count");
    check(kth_neighbour(line.data(), 4, 1, 3, 2) == std::vector<double>{3, 2, 3, 3}, "farthest");
    std::mt19937 random(0);
    std::normal_distribution<float> normal;
    const std::int64_t n = 1500, d = 13;
    std::vector<float> points(n * d);
    for (float& x : points) x = normal(random);
    for (std::int64_t k : {1, 40, 1499}) {
        const auto distances = kth_neighbour(points.data(), n, d, k, 2);
        check(distances == kth_neighbour(points.data(), n, d, k, 1), "one thread equals two");
        std::vector<double> all;
        for (std::int64_t j = 1; j < n; ++j) {
            double square = 0;
            for (std::int64_t a = 0; a < d; ++a) square += std::pow(double(points[j * d + a]) - points[a], 2);
            all.push_back(std::sqrt(square));
        }
        std::sort(all.begin(), all.end());
        check(std::abs(distances[0] / all[k - 1] - 1) < 1e-5, "k-th distance");
    }
}

void landmarks() {
    const std::vector<float> line{0, 1, 2, 3, 10, 10};
    check(maxmin(line.data(), 6, 1, 3, 0, 1) == Indices{0, 4, 3}, "maxmin");
    check(maxmin(line.data(), 6, 1, 9, 1, 2) == Indices{1, 4, 3, 0, 2}, "stops at duplicates; lowest of equals");
    check(maxmin(line.data(), 6, 1, 0, 0, 1).empty(), "no landmarks");
    std::mt19937 random(0);
    std::vector<float> many(400000 * 3);
    for (float& x : many) x = static_cast<float>(random() % 1000);
    check(maxmin(many.data(), 400000, 3, 20, 7, 1) == maxmin(many.data(), 400000, 3, 20, 7, 2), "threads agree");
    std::vector<float> bad{0, std::nanf(""), 1, 5};
    check(maxmin(bad.data(), 4, 1, 9, 0, 1).size() == 4, "no number: chosen once");
}

void clusters() {
    const std::vector<double> line{0, 1, 2, 10, 11, 50};
    const Indices members{5, 0, 1, 2, 3, 4, 0, 0, 0, 3};
    const auto labels = [&](Indices offsets, std::int64_t bins) {
        return cell_clusters(CloudCell<double>(line.data(), 1), members.data(), offsets.data(),
                             static_cast<std::int64_t>(offsets.size()) - 1, bins, 2);
    };
    // Heights 1, 1, 1, 8, 39 of 39: bins 0, 0, 0, 2, 9 of 10, the first gap is bin 1.
    check(labels({0, 6}, 10) == Indices{0, 1, 1, 1, 2, 2}, "first gap");
    check(labels({0, 6}, 1) == Indices{0, 0, 0, 0, 0, 0}, "one bin has no gap");
    check(labels({0, 0, 1, 6, 8}, 10) == Indices{0, 0, 0, 0, 1, 1, 0, 0}, "empty cell, one point, coincident points");
    check(labels({0, 1, 10}, 4)[9] == 1, "far from three copies");
    // Heights 1 and 2 of 2 with two bins: 1 lies on the inner edge and falls in the upper bin.
    check(height_bin(1, 2, 2) == 1 && height_bin(0.999, 2, 2) == 0 && height_bin(2, 2, 2) == 1, "edges of bins");
}

void groups() {
    const std::vector<double> line{0, 1, 2, 10, 11, 50};
    const Indices members{5, 0, 1, 2, 3, 4, 0, 0, 0, 3}, offsets{0, 6, 6, 10};
    const auto labels = [&](double scale, std::int64_t least) {
        return cell_groups(CloudCell<double>(line.data(), 1), members.data(), offsets.data(), 3, scale, least, 2);
    };
    check(labels(1, 0) == Indices{0, 1, 1, 1, 2, 2, 0, 0, 0, 1}, "chains of length 1, numbered by first member");
    check(labels(0.5, 0) == Indices{0, 1, 2, 3, 4, 5, 0, 0, 0, 1}, "only coincident points");
    check(labels(1, 3) == Indices{-1, 0, 0, 0, -1, -1, 0, 0, 0, -1}, "one core member with two at its border");
    check(labels(1, 2) == Indices{-1, 0, 0, 0, 1, 1, 0, 0, 0, -1}, "all but the lonely ones are core");
    std::vector<double> matrix(36);
    for (std::size_t i = 0; i < 6; ++i)
        for (std::size_t j = 0; j < 6; ++j) matrix[6 * i + j] = std::abs(line[i] - line[j]);
    for (const std::int64_t least : {0, 2, 3})
        check(cell_groups(MatrixCell<double>(matrix.data(), 6), members.data(), offsets.data(), 3, 1.0, least, 1) ==
                  labels(1, least),
              "distances given");
    for (float scale : {0.0f, 0.1f, 0.7f, 3e-30f, 1e20f}) {
        const float bound = CloudCell<float>::bound(scale);
        check(std::sqrt(bound) <= scale && !(std::sqrt(std::nextafter(bound, HUGE_VALF)) <= scale), "largest square");
    }
    const auto merges = cell_merges(CloudCell<double>(line.data(), 1), members.data(), Indices{0, 6}.data(), 1, 1);
    check(merges.size() == 5 && merges[0].height == 39, "merges from the first member on");
    const std::vector<double> queries{1.4, 40};
    const Indices asked{0, 1, 0}, starts{0, 2, 2, 3};
    check(cell_nearest(line.data(), 1, members.data(), offsets.data(), 3, queries.data(), asked.data(), starts.data(),
                       1) == Indices{2, 0, 6},
          "nearest members");
}

}  // namespace

int main() {
    witnesses();
    neighbours();
    landmarks();
    clusters();
    groups();
    std::printf(failures == 0 ? "clouds: all good\n" : "clouds: %d failed\n", failures);
    return failures != 0;
}
