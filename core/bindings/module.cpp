// The compiled module: one bind function per file, nothing else here.
#include "bindings.hpp"

NB_MODULE(_core, m) {
    m.doc() = "Compiled kernels: flat arrays in, integers out. Use the Python rooms, not this module.";
    bind_rips(m);
    bind_distances(m);
    bind_cubical(m);
    bind_volumes(m);
    bind_graphs(m);
    bind_image_pairs(m);
    bind_volume_image_pairs(m);
    bind_clouds(m);
    bind_critical(m);
    bind_layout(m);
    bind_masks(m);
    bind_reduction(m);
    bind_rank_ranges(m);
}
