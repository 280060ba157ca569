/** The package's own bundle: the sources want Node's globals. */
declare module 'simple-peer/simplepeer.min.js' {
  import Peer from 'simple-peer'
  export default Peer
}
