// The compiler is never asked for: the project has no Solidity, its ABIs come with the chain.
module.exports = {
  solidity: "0.8.37",
  defaultNetwork: "keel",
  // A jump of time lets all slots in between pass, which takes longer than the 40 s of the default.
  networks: { keel: { url: process.env.CHAIN, timeout: 300_000 } },
};
