// Shared documents: their sizes, how they are cut, and which chunks a query reads.
#include <kvmark/model/presets.hpp>
#include <kvmark/workload/documents.hpp>

#include "workload/requests.hpp"

#include <algorithm>
#include <set>

using namespace kvmark;
using namespace kvmark::workload;
using testing::chi_square;

namespace {

source_config with_documents(std::uint32_t count) {
    source_config c;
    c.seed = 21;
    c.rag = true;
    c.rag_documents = count;
    c.model = models::llama3_1_8b;
    c.bytes_per_token = c.model.per_token();
    return c;
}

std::uint64_t length(const document_library& l, std::uint32_t document) {
    tokens sum{};
    for (std::uint32_t i = 0; i < l.chunk_count(document); ++i) sum += l.chunk(document, i).size;
    return sum.count;
}

/// One document of exactly `tokens` tokens.
source_config one_document(std::uint32_t tokens) {
    source_config c = with_documents(1);
    c.parameters.document_tokens = {tokens, tokens};
    return c;
}

} // namespace

TEST_CASE("documents have the lengths of their model's size") {
    source_config c = with_documents(200);
    const document_library small(c);
    c.model = models::llama3_1_70b_instruct;
    c.bytes_per_token = c.model.per_token();
    const document_library large(c);
    REQUIRE(small.document_count() == 200);
    std::set<std::uint64_t> lengths;
    for (std::uint32_t d = 0; d < 200; ++d) {
        REQUIRE((length(small, d) >= 4000 && length(small, d) <= 12'000));
        REQUIRE((length(large, d) >= 1024 && length(large, d) <= 4096));
        lengths.insert(length(small, d));
    }
    CHECK(lengths.size() > 150);
}

TEST_CASE("chunks are of one size but for the last") {
    const document_library l(one_document(5000));
    REQUIRE(l.chunk_count(0) == 10);
    for (std::uint32_t i = 0; i < 9; ++i) CHECK(l.chunk(0, i).size == tokens(512));
    CHECK(l.chunk(0, 9).size == tokens(392));
    CHECK(document_library(one_document(5120)).chunk_count(0) == 10);
}

TEST_CASE("a chunk is no larger than 256 MiB") {
    source_config c = one_document(1024);
    c.bytes_per_token = models::llama2_7b.per_token(); // 512 tokens are 256 MiB exactly
    CHECK(document_library(c).chunk(0, 0).size == tokens(512));
    c.bytes_per_token += bytes(1);
    CHECK(document_library(c).chunk(0, 0).size == tokens(511));
    c.bytes_per_token = bytes(std::uint64_t{1} << 40);
    CHECK(document_library(c).chunk(0, 0).size == tokens(1));
}

TEST_CASE("without RAG there are no documents") {
    source_config c = with_documents(10);
    c.rag = false;
    CHECK(document_library(c).document_count() == 0);
}

TEST_CASE("a query reads five chunks of one document, each once") {
    const document_library l(with_documents(10));
    random_stream draw(1);
    std::array<int, 10> documents{};
    constexpr int n = 20'000;
    for (int i = 0; i < n; ++i) {
        request r;
        const tokens total = l.retrieve(draw, r);
        REQUIRE(r.chunk_count == 5);
        std::set<std::uint32_t> chunks;
        tokens sum{};
        for (std::size_t k = 0; k < r.chunk_count; ++k) {
            REQUIRE(r.chunks[k].document == r.chunks[0].document);
            REQUIRE(r.chunks[k].size == l.chunk(r.chunks[k].document, r.chunks[k].chunk).size);
            chunks.insert(r.chunks[k].chunk);
            sum += r.chunks[k].size;
        }
        REQUIRE(chunks.size() == 5);
        REQUIRE(*chunks.rbegin() < l.chunk_count(r.chunks[0].document));
        REQUIRE(sum == total);
        ++documents[r.chunks[0].document];
    }
    CHECK(chi_square(documents, std::vector<double>(10, n / 10.0)) < 27.9); // 9 degrees of freedom, 99.9 %
}

TEST_CASE("a query over a short document reads all of it, and one of many chunks stops at a request's room") {
    request r;
    random_stream draw(2);
    CHECK(document_library(one_document(1100)).retrieve(draw, r) == tokens(1100));
    CHECK(r.chunk_count == 3);
    source_config c = one_document(12'000);
    c.parameters.chunks_per_query = 100;
    document_library(c).retrieve(draw, r);
    CHECK(r.chunk_count == request::max_chunks);
}

TEST_CASE("the first chunk drawn falls as 1 / rank, the second by what the first left") {
    const document_library l(one_document(6 * 512));
    constexpr int n = 200'000;
    constexpr double harmonic = 1 + 1 / 2.0 + 1 / 3.0 + 1 / 4.0 + 1 / 5.0 + 1 / 6.0;
    std::array<double, 6> weight{}, first_expected{}, second_expected{};
    for (std::size_t i = 0; i < 6; ++i) weight[i] = 1.0 / static_cast<double>(i + 1) / harmonic;
    for (std::size_t i = 0; i < 6; ++i) {
        first_expected[i] = n * weight[i];
        for (std::size_t j = 0; j < 6; ++j)
            if (j != i) second_expected[i] += n * weight[j] * weight[i] / (1 - weight[j]);
    }
    std::array<int, 6> first{}, second{};
    random_stream draw(3);
    for (int i = 0; i < n; ++i) {
        request r;
        l.retrieve(draw, r);
        ++first[r.chunks[0].chunk];
        ++second[r.chunks[1].chunk];
    }
    CHECK(chi_square(first, first_expected) < 20.5); // 5 degrees of freedom, 99.9 %
    CHECK(chi_square(second, second_expected) < 20.5);
}

TEST_CASE("a uniform query favours no chunk") {
    source_config c = one_document(6 * 512);
    c.parameters.rag_uniform = true;
    const document_library l(c);
    constexpr int n = 100'000;
    std::array<int, 6> first{};
    random_stream draw(4);
    for (int i = 0; i < n; ++i) {
        request r;
        l.retrieve(draw, r);
        ++first[r.chunks[0].chunk];
    }
    CHECK(chi_square(first, std::vector<double>(6, n / 6.0)) < 20.5);
}
