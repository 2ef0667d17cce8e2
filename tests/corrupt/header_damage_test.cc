// Damage to what is checked when a process attaches. Each kind is refused with an error code of its own and a
// message that says what is wrong with which file. None causes a crash (faults 27 and 31).

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <ostream>
#include <random>
#include <string>

#include "shm/segment/segment.h"
#include "shm/snapshot/snapshot.h"
#include "tests/corrupt/header_checksum.h"
#include "tests/support/bare_worker.h"
#include "tests/support/private_folder.h"
#include "tests/support/segment_reading.h"

namespace shmetrics::testing {
namespace {

using shm::Segment;
using shm::layout::Header;

struct HeaderDamage {
  std::string name;
  ErrorCode code;
  std::string words;  ///< part of the message
  std::function<void(Header*)> damage;
  bool repair_checksum = true;
};
void PrintTo(const HeaderDamage& damage, std::ostream* out) { *out << damage.name; }

class HeaderDamageTest : public ::testing::TestWithParam<HeaderDamage> {};

// Faults 31 and 40.
TEST_P(HeaderDamageTest, IsRefusedByName) {
  const PrivateFolder folder;
  const std::string path = folder / "segment";
  ASSERT_TRUE(Segment::AttachOrCreate(path, SmallSegment()).ok());
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  Header header;
  file.read(reinterpret_cast<char*>(&header), sizeof header);
  ASSERT_EQ(header.checksum, ChecksumOf(header));
  GetParam().damage(&header);
  if (GetParam().repair_checksum) header.checksum = ChecksumOf(header);
  file.seekp(0);
  file.write(reinterpret_cast<const char*>(&header), sizeof header);
  file.close();
  for (const auto access : {Segment::Access::kReadOnly, Segment::Access::kReadWrite}) {
    const auto attached = Segment::Attach(path, access);
    ASSERT_FALSE(attached.ok());
    EXPECT_EQ(attached.error().code, GetParam().code) << attached.error().message;
    EXPECT_THAT(attached.error().message, ::testing::HasSubstr(path));
    EXPECT_THAT(attached.error().message, ::testing::HasSubstr(GetParam().words));
    EXPECT_EQ(attached.error().message.find('\n'), std::string::npos);
  }
  EXPECT_FALSE(Segment::AttachOrCreate(path, SmallSegment()).ok()) << "replaced what it should have refused";
}

// Fault 40. Only a file system that survives a reboot can hold a segment of another boot; on tmpfs it is
// gone.
TEST(OtherBootTest, ASegmentOfAnotherBootIsRefusedAndTheNextBeginsAtZeroWithAnotherId) {
  const PrivateFolder folder;
  const std::string path = folder / "segment";
  const auto total = CounterNamed("a_total");
  const auto id = [&] { return Read(path).snapshot().segment.id; };
  BareWorker(path).Count(total, {}, std::uint64_t{7});
  const auto id_before = id();
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    Header header;
    file.read(reinterpret_cast<char*>(&header), sizeof header);
    header.boot_id[0] ^= 1;
    header.checksum = ChecksumOf(header);
    file.seekp(0);
    file.write(reinterpret_cast<const char*>(&header), sizeof header);
  }
  EXPECT_EQ(Segment::AttachOrCreate(path, SmallSegment()).error().code, ErrorCode::kOtherBoot);
  std::filesystem::remove(path);
  BareWorker(path).Count(total, {}, std::uint64_t{1});
  EXPECT_EQ(Read(path).Counter("a_total"), 1U);
  EXPECT_NE(id(), id_before);
}

const char kContradicts[] = "contradicts itself";

INSTANTIATE_TEST_SUITE_P(Numbered, HeaderDamageTest,
                         ::testing::Values(
                             HeaderDamage{"D01_OtherMagic", ErrorCode::kBadMagic, "not a shmetrics segment",
                                          [](Header* h) { h->magic ^= 1; }},
                             HeaderDamage{"D02_NextLayout", ErrorCode::kOtherLayout,
                                          "has layout 2, this library has 1",
                                          [](Header* h) { h->major = 2; }},
                             HeaderDamage{"D03_OtherSignature", ErrorCode::kOtherLayout,
                                          "built with other sizes", [](Header* h) { h->signature++; }},
                             HeaderDamage{"D04_OtherChecksum", ErrorCode::kCorrupt, "checksum",
                                          [](Header* h) { h->checksum ^= 1; }, false},
                             HeaderDamage{"D05_ChangedBehindTheChecksum", ErrorCode::kCorrupt, "checksum",
                                          [](Header* h) { h->slot_count++; }, false},
                             HeaderDamage{"D06_OtherBoot", ErrorCode::kOtherBoot, "before the last reboot",
                                          [](Header* h) { h->boot_id[3] ^= 0xff; }},
                             HeaderDamage{"D07_LargerThanTheFile", ErrorCode::kTruncated,
                                          "4194304 bytes of 8388608",
                                          [](Header* h) { h->segment_bytes = 8U << 20U; }},
                             HeaderDamage{"D08_SmallerThanTheFile", ErrorCode::kCorrupt,
                                          "4194304 bytes, its header says 2097152",
                                          [](Header* h) { h->segment_bytes = 2U << 20U; }},
                             HeaderDamage{"D09_NoWholePages", ErrorCode::kCorrupt, kContradicts,
                                          [](Header* h) { h->segment_bytes++; }},
                             HeaderDamage{"D10_OtherHeaderSize", ErrorCode::kCorrupt, kContradicts,
                                          [](Header* h) { h->header_bytes = 64; }},
                             HeaderDamage{"D11_NoStripe", ErrorCode::kCorrupt, kContradicts,
                                          [](Header* h) { h->stripe_count = 0; }},
                             HeaderDamage{"D12_TooManyStripes", ErrorCode::kCorrupt, kContradicts,
                                          [](Header* h) { h->stripe_count = UINT32_MAX; }},
                             HeaderDamage{"D13_NoSlot", ErrorCode::kCorrupt, kContradicts,
                                          [](Header* h) { h->slot_count = 0; }},
                             HeaderDamage{"D14_TooManySlots", ErrorCode::kCorrupt, kContradicts,
                                          [](Header* h) { h->slot_count = UINT32_MAX; }},
                             HeaderDamage{"D15_ChainCountIsNoPowerOfTwo", ErrorCode::kCorrupt, kContradicts,
                                          [](Header* h) { h->chain_count--; }},
                             HeaderDamage{"D16_NoChain", ErrorCode::kCorrupt, kContradicts,
                                          [](Header* h) { h->chain_count = 0; }},
                             HeaderDamage{"D17_TooManyChains", ErrorCode::kCorrupt, kContradicts,
                                          [](Header* h) { h->chain_count = 1U << 31U; }},
                             HeaderDamage{"D18_SlotsElsewhere", ErrorCode::kCorrupt, kContradicts,
                                          [](Header* h) { h->slots_offset = UINT64_MAX; }},
                             HeaderDamage{"D19_ChainsElsewhere", ErrorCode::kCorrupt, kContradicts,
                                          [](Header* h) { h->chains_offset = h->segment_bytes; }},
                             HeaderDamage{"D20_RecordsElsewhere", ErrorCode::kCorrupt, kContradicts,
                                          [](Header* h) { h->records_offset = 0; }},
                             HeaderDamage{"D21_SizeOfAlmostTwoToTheSixtyFour", ErrorCode::kTruncated,
                                          "4194304 bytes of",
                                          [](Header* h) { h->segment_bytes = ~std::uint64_t{4095}; }},
                             HeaderDamage{"D22_SeriesLimitBeyondAnyOption", ErrorCode::kCorrupt, kContradicts,
                                          [](Header* h) { h->series_limit = UINT32_MAX; }},
                             HeaderDamage{"D23_LeaseChainCountIsNoPowerOfTwo",
                                          ErrorCode::kCorrupt, kContradicts,
                                          [](Header* h) { h->lease_chain_count--; }},
                             HeaderDamage{"D24_NoLeaseChain", ErrorCode::kCorrupt, kContradicts,
                                          [](Header* h) { h->lease_chain_count = 0; }},
                             HeaderDamage{"D25_TooManyLeaseChains", ErrorCode::kCorrupt, kContradicts,
                                          [](Header* h) { h->lease_chain_count = 1U << 31U; }},
                             HeaderDamage{"D26_LeaseChainsIntoTheRecords", ErrorCode::kCorrupt, kContradicts,
                                          [](Header* h) { h->lease_chain_count = 1U << 12U; }},
                             HeaderDamage{"D27_ShardsElsewhere", ErrorCode::kCorrupt, kContradicts,
                                          [](Header* h) { h->shards_offset += 4'096; }},
                             HeaderDamage{"D28_ShardsBehindTheEnd", ErrorCode::kCorrupt, kContradicts,
                                          [](Header* h) { h->shards_offset = UINT64_MAX - 4'095; }},
                             HeaderDamage{
                                 "D29_TablesThatAgreeButDoNotFitIn", ErrorCode::kCorrupt, kContradicts,
                                 [](Header* h) {
                                   h->lease_chain_count = 1U << 20U;
                                   h->records_offset =
                                       h->shards_offset + 64 * 128 + 2ULL * 64 * (1U << 20U) * 4;
                                 }}),
                         [](const auto& test) { return test.param.name; });

class FileDamageTest : public ::testing::Test {
 protected:
  void Write(const std::string& bytes) {
    std::ofstream(path_, std::ios::binary) << bytes;
    std::filesystem::permissions(path_, std::filesystem::perms(0600));
  }
  void ExpectRefused(ErrorCode code, const std::string& words) {
    for (const auto access : {Segment::Access::kReadOnly, Segment::Access::kReadWrite}) {
      const auto attached = Segment::Attach(path_, access);
      ASSERT_FALSE(attached.ok());
      EXPECT_EQ(attached.error().code, code) << attached.error().message;
      EXPECT_THAT(attached.error().message, ::testing::HasSubstr(words));
    }
  }

  const PrivateFolder folder_;
  const std::string path_ = folder_ / "segment";
};

// Fault 23.
TEST_F(FileDamageTest, TruncatedSegmentIsRefusedAtEveryLength) {
  for (const std::uintmax_t bytes : {9U, 127U, 128U, 4'095U, 4'096U, 8'192U, 300'000U, (4U << 20U) - 1}) {
    std::filesystem::remove(path_);
    ASSERT_TRUE(Segment::AttachOrCreate(path_, SmallSegment()).ok());
    std::filesystem::resize_file(path_, bytes);
    ExpectRefused(ErrorCode::kTruncated, std::to_string(bytes) + " bytes");
  }
}

// Fault 27.
TEST_F(FileDamageTest, EmptyFileIsRefused) {
  Write("");
  ExpectRefused(ErrorCode::kTruncated, "0 bytes, less than a header");
}

// Fault 27.
TEST_F(FileDamageTest, FileShorterThanTheMagicIsRefused) {
  Write("SHM");
  ExpectRefused(ErrorCode::kTruncated, "3 bytes, less than a header");
}

// Fault 27.
TEST_F(FileDamageTest, FileOfZerosIsRefused) {
  Write(std::string(100'000, '\0'));
  ExpectRefused(ErrorCode::kBadMagic, "not a shmetrics segment");
}

// Fault 27.
TEST_F(FileDamageTest, RandomFilesAreRefused) {
  std::mt19937_64 random(11);
  for (int i = 0; i < 200; i++) {
    std::string bytes(8 + random() % 10'000, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    Write(bytes);
    ExpectRefused(ErrorCode::kBadMagic, "not a shmetrics segment");
  }
}

// Fault 27.
TEST_F(FileDamageTest, RandomBytesBehindTheMagicAreRefused) {
  std::mt19937_64 random(12);
  for (int i = 0; i < 200; i++) {
    std::string bytes = "SHMETRIC" + std::string(sizeof(Header) + random() % 10'000, '\0');
    for (std::size_t at = 8; at < bytes.size(); at++) bytes[at] = static_cast<char>(random());
    Write(bytes);
    ExpectRefused(ErrorCode::kOtherLayout, "this library has 1");
  }
}

// Fault 24.
TEST_F(FileDamageTest, EveryFlippedBitOfAHeaderIsNoticed) {
  ASSERT_TRUE(Segment::AttachOrCreate(path_, SmallSegment()).ok());
  const int file = open(path_.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(file, 0);
  for (off_t at = 0; at < static_cast<off_t>(sizeof(Header)); at++) {
    for (int bit = 0; bit < 8; bit++) {
      unsigned char byte;
      ASSERT_EQ(pread(file, &byte, 1, at), 1);
      byte = static_cast<unsigned char>(byte ^ 1U << bit);
      ASSERT_EQ(pwrite(file, &byte, 1, at), 1);
      EXPECT_FALSE(Segment::Attach(path_, Segment::Access::kReadOnly).ok()) << at << ", bit " << bit;
      byte = static_cast<unsigned char>(byte ^ 1U << bit);
      ASSERT_EQ(pwrite(file, &byte, 1, at), 1);
    }
  }
  close(file);
  EXPECT_TRUE(Segment::Attach(path_, Segment::Access::kReadOnly).ok());
}

}  // namespace
}  // namespace shmetrics::testing
