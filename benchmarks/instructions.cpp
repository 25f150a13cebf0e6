// One kernel, chosen when this is compiled, on one input, for callgrind: `instructions FOLDER`. Counting starts and ends with `counted`, so that
// reading the input does not count. The inputs are raw arrays that benchmarks/instructions.py writes.
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

// One kernel for each program: headers of images and of edges give one name to two things.
#if defined(CUBICAL)
#include "topolens/bar_columns.hpp"
#include "topolens/cubical.hpp"
#elif defined(RIPS)
#include "topolens/rips.hpp"
#elif defined(TREE)
#include "topolens/spanning_tree.hpp"
#elif defined(GRAPHS)
#include "topolens/extended_graphs.hpp"
#include "topolens/graph_batch.hpp"
#endif

namespace {

template <class Item>
std::vector<Item> read(const std::string& path) {
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    std::vector<Item> items(static_cast<std::size_t>(file.tellg()) / sizeof(Item));
    file.seekg(0).read(reinterpret_cast<char*>(items.data()), static_cast<std::streamsize>(items.size() * sizeof(Item)));
    return items;
}

}  // namespace

extern "C" [[gnu::noinline]] std::size_t counted(const std::vector<float>& values, const std::vector<std::int64_t>& sizes,
                                                 const std::vector<std::int64_t>& ends) {
    static_cast<void>(ends);
#if defined(CUBICAL)
    topolens::BarColumns bars;
    topolens::CubicalPairs<float, topolens::Construction::vertices> engine(sizes.at(0), sizes.at(0));
    engine.compute(values.data(), false, 1, 0, bars);
    return bars.count;
#elif defined(RIPS)
    const double everything = std::numeric_limits<double>::infinity();
    return topolens::rips_batch_pairs(values.data(), 1, sizes.at(0), 1, 2, everything, 1).at(0).size();
#elif defined(TREE)
    return topolens::spanning_tree_of_matrix(values.data(), sizes.at(0)).size();
#elif defined(GRAPHS)
    const auto graphs = static_cast<std::int64_t>(sizes.size()) - 1, edges = static_cast<std::int64_t>(ends.size() / 2);
    const topolens::GraphBatch batch(sizes.data(), graphs, ends.data(), ends.data() + edges, edges);
    return topolens::extended_graph_pairs(values.data(), batch, 1).size();
#endif
}

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    const std::string folder = std::string(argv[1]) + "/";
    const std::size_t found =
        counted(read<float>(folder + "values"), read<std::int64_t>(folder + "sizes"), read<std::int64_t>(folder + "ends"));
    std::printf("%zu\n", found);
    return found == 0;
}
