#include "html_page.hpp"
#include "page_files.hpp"

#include "support/catch.hpp"

namespace kvmark::cli {

namespace {

/// What the program holds in this test; empty: a build without the chart library.
std::string_view template_page;

} // namespace

// In place of the one that the build makes: the linker takes this one.
std::string_view page_file(std::string_view name) {
    if (name == "page.html") return template_page;
    return name == "page.css" ? "p { margin: 0 }" : "";
}

TEST_CASE("A page is its template with files, version and data in their places") {
    template_page = "<style>{{page.css}}</style> {{version}} <script>{{data}}</script>{{no such file}}.";
    const auto page = html_page({}, nullptr);
    REQUIRE(page);
    CHECK(*page == "<style>p { margin: 0 }</style> " KVMARK_VERSION
                   " <script>{\"documents\":[],\"comparison\":null}</script>.");
}

TEST_CASE("A build without the chart library says how to get one with it") {
    template_page = "";
    const auto page = html_page({}, nullptr);
    REQUIRE_FALSE(page);
    CHECK(page.error().kind == error_kind::unsupported);
    CHECK(page.error().message.find("KVMARK_ECHARTS") != std::string::npos);
}

} // namespace kvmark::cli
