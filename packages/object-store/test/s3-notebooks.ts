import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runPython } from '../../../test/support/python.ts'
import type { ObjectStore } from '../src/object-store.ts'
import { readObject } from '../src/read-object.ts'
import { md5, patternOf, streamOf } from './content.ts'
import { partBytes, type S3Site } from './s3-site.ts'

const bucket = 'mlch-exp-notebooks'
const large = patternOf(2 * partBytes + 1000)
// What boto3 adds of itself since 2025 is younger than many an RGW.
const open = `
import sys, json, hashlib, boto3, email.header
from botocore.config import Config
endpoint, key, secret, bucket, *args = sys.argv[1:]
config = Config(s3={'addressing_style': 'path'}, request_checksum_calculation='when_required', response_checksum_validation='when_required')
s3 = boto3.client('s3', endpoint_url=endpoint, region_name='regionOne', aws_access_key_id=key, aws_secret_access_key=secret, config=config)
`

/** boto3 on the other side. */
export function describeNotebooks(find: () => S3Site): void {
  describe('with boto3', () => {
    let store: ObjectStore
    beforeAll(() => {
      store = find().open()
    })
    afterAll(() => store.close())
    const boto = (script: string, ...args: string[]) => {
      const { s3Url, s3User } = find().ceph
      return runPython(open + script, s3Url, s3User.accessKeyId, s3User.secretAccessKey, bucket, ...args)
    }

    it('what we wrote is read, with its names and its metadata', async () => {
      const metadata = { version: '7', title: 'hyvää päivää 試験'.repeat(5), list: 'list=a,b' }
      await store.put(bucket, 'ä ö/small+1', Buffer.from('small'), { metadata, contentType: 'text/x' })
      await store.put(bucket, 'ä ö/large', streamOf(large), { metadata, contentType: 'image/x' })
      const read = await boto(`
def describe(path):
    found = s3.get_object(Bucket=bucket, Key=path)
    metadata = {name: str(email.header.make_header(email.header.decode_header(value))) for name, value in found['Metadata'].items()}
    return {'md5': hashlib.md5(found['Body'].read()).hexdigest(), 'type': found['ContentType'], 'metadata': metadata, 'etag': found['ETag'].strip('"')}
print(json.dumps({entry['Key']: describe(entry['Key']) for entry in s3.list_objects_v2(Bucket=bucket)['Contents']}))`)
      const etagOf = async (path: string) => (await store.head(bucket, path))?.etag
      expect(read).toEqual({
        'ä ö/small+1': { md5: md5('small'), type: 'text/x', metadata, etag: md5('small') },
        'ä ö/large': { md5: md5(large), type: 'image/x', metadata, etag: await etagOf('ä ö/large') }
      })
    })
    it('what it wrote is read, in parts too', async () => {
      const etags = await boto(
        `
import io
from boto3.s3.transfer import TransferConfig
metadata = {'version': '8', 'title': email.header.Header('hyvää päivää', 'utf-8').encode()}
s3.put_object(Bucket=bucket, Key='theirs/试 1', Body=b'small', Metadata=metadata, ContentType='text/y')
body = b''.join(n.to_bytes(4, 'big') for n in range(0, ${large.length}, 4))
parts = TransferConfig(multipart_threshold=${partBytes}, multipart_chunksize=${partBytes})
s3.upload_fileobj(io.BytesIO(body), bucket, 'theirs/large', ExtraArgs={'Metadata': metadata}, Config=parts)
print(json.dumps([s3.head_object(Bucket=bucket, Key=key)['ETag'].strip('"') for key in ['theirs/large', 'theirs/试 1']]))`
      )
      const metadata = { version: '8', title: 'hyvää päivää' }
      expect(await store.head(bucket, 'theirs/试 1')).toMatchObject({ metadata, contentType: 'text/y', usedBytes: 5 })
      expect((await readObject(store, bucket, 'theirs/试 1'))?.toString()).toBe('small')
      expect(await store.head(bucket, 'theirs/large')).toMatchObject({ metadata, usedBytes: large.length })
      expect(md5((await readObject(store, bucket, 'theirs/large'))!)).toBe(md5(large))
      const { objects } = await store.list(bucket, { prefix: 'theirs/' })
      expect(objects.map(({ path, etag }) => [path, etag])).toEqual([
        ['theirs/large', (etags as string[])[0]],
        ['theirs/试 1', (etags as string[])[1]]
      ])
    })
    it('names that nobody could ask us for are left out of listings', async () => {
      await boto(`
for key in ['odd/', 'odd//x', 'odd/../x', 'odd/fine', '/odd', 'odd/007']: s3.put_object(Bucket=bucket, Key=key, Body=b'x')
print('null')`)
      expect((await store.list(bucket, { prefix: 'odd' })).objects.map(({ path }) => path)).toEqual(['odd/007', 'odd/fine'])
      expect((await store.list(bucket, { delimiter: '/' })).prefixes).toEqual(['odd/', 'theirs/', 'ä ö/'])
    })
    it('addresses that we signed are opened by its side', async () => {
      await store.put(bucket, 'signed', Buffer.from('signed'), { contentType: 'text/x' })
      const [get, put] = [
        await store.sign(bucket, 'signed', { method: 'GET', seconds: 60 }),
        await store.sign(bucket, 'signed-new', { method: 'PUT', seconds: 60 })
      ]
      const read = await boto(
        `
from urllib.request import Request, urlopen
urlopen(Request(args[1], data=b'new', method='PUT'))
print(json.dumps([urlopen(args[0]).read().decode(), s3.get_object(Bucket=bucket, Key='signed-new')['Body'].read().decode()]))`,
        get!,
        put!
      )
      expect(read).toEqual(['signed', 'new'])
    })
  })
}
