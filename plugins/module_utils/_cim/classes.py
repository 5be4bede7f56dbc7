# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The classes that are read here: superclass, keys, types of properties and results.

Windows Server 2019 and 23H2: the classes' own definitions as github.com/microsoft/wmi
prints them, datetimes and keys from Microsoft's documentation of the classes (Win32,
Hyper-V WMI provider V2; CIMWin32). A class begins at the margin, ``: SUPERCLASS``. The
lines under it are ``key:`` in order, ``TYPE:`` and the properties declared there, and
``METHOD()`` with those of its results that are neither a string nor a single
reference. A class outside the table is no error: its values stay text.
"""

from __future__ import annotations

TABLE = """\
CIM_AffectedJobElement
  reference: AffectedElement AffectingElement
  string[]: OtherElementEffectsDescriptions
  uint16[]: ElementEffects
CIM_ComputerSystem : CIM_System
  string[]: OtherDedicatedDescriptions
  uint16: ResetCapability
  uint16[]: Dedicated PowerManagementCapabilities
CIM_ConcreteJob : CIM_Job
  datetime: TimeBeforeRemoval TimeOfLastStateChange
  uint16: JobState
CIM_Dependency
  reference: Antecedent Dependent
CIM_EnabledLogicalElement : CIM_LogicalElement
  datetime: TimeOfLastStateChange
  string: OtherEnabledState
  uint16: EnabledDefault EnabledState RequestedState TransitioningToState
  uint16[]: AvailableRequestedStates
CIM_Error
  string: CIMStatusCodeDescription ErrorSource Message MessageID
    OtherErrorSourceFormat OtherErrorType OwningEntity ProbableCauseDescription
  string[]: MessageArguments RecommendedActions
  uint16: ErrorSourceFormat ErrorType PerceivedSeverity ProbableCause
  uint32: CIMStatusCode
CIM_EthernetPort : CIM_NetworkPort
  string[]: CapabilityDescriptions OtherEnabledCapabilities
  uint16[]: Capabilities EnabledCapabilities
  uint32: MaxDataSize
CIM_EthernetPortAllocationSettingData : CIM_ResourceAllocationSettingData
  string: OtherEndpointMode
  uint16: DesiredVLANEndpointMode
CIM_Job : CIM_LogicalElement
  boolean: DeleteOnCompletion
  datetime: ElapsedTime RunStartInterval ScheduledStartTime StartTime TimeSubmitted
    UntilTime
  sint8: RunDay RunDayOfWeek
  string: ErrorDescription JobStatus Notify OtherRecoveryAction Owner
  uint16: ErrorCode LocalOrUtcTime PercentComplete RecoveryAction
  uint32: JobRunTimes Priority
  uint8: RunMonth
CIM_LogicalDevice : CIM_EnabledLogicalElement
  boolean: ErrorCleared PowerManagementSupported
  string: CreationClassName DeviceID ErrorDescription SystemCreationClassName
    SystemName
  string[]: IdentifyingDescriptions OtherIdentifyingInfo
  uint16: Availability StatusInfo
  uint16[]: AdditionalAvailability PowerManagementCapabilities
  uint32: LastErrorCode
  uint64: MaxQuiesceTime PowerOnHours TotalPowerOnHours
CIM_LogicalElement : CIM_ManagedSystemElement
CIM_LogicalPort : CIM_LogicalDevice
  string: OtherPortType
  uint16: PortType UsageRestriction
  uint64: MaxSpeed RequestedSpeed Speed
CIM_ManagedElement
  string: Caption Description ElementName InstanceID
CIM_ManagedSystemElement : CIM_ManagedElement
  datetime: InstallDate
  string: Name Status
  string[]: StatusDescriptions
  uint16: CommunicationStatus DetailedStatus HealthState OperatingStatus PrimaryStatus
  uint16[]: OperationalStatus
CIM_NetworkPort : CIM_LogicalPort
  boolean: AutoSense FullDuplex
  string: OtherLinkTechnology OtherNetworkPortType PermanentAddress
  string[]: NetworkAddresses
  uint16: LinkTechnology PortNumber
  uint64: ActiveMaximumTransmissionUnit SupportedMaximumTransmissionUnit
CIM_ResourceAllocationSettingData : CIM_SettingData
  boolean: AutomaticAllocation AutomaticDeallocation
  string: Address AddressOnParent AllocationUnits OtherResourceType Parent PoolID
    ResourceSubType VirtualQuantityUnits
  string[]: Connection HostResource
  uint16: ConsumerVisibility MappingBehavior ResourceType
  uint32: Weight
  uint64: Limit Reservation VirtualQuantity
CIM_ResourcePool : CIM_LogicalElement
  boolean: Primordial
  string: AllocationUnits ConsumedResourceUnits OtherResourceType PoolID
    ResourceSubType
  uint16: ResourceType
  uint64: Capacity CurrentlyConsumedResource MaxConsumableResource Reserved
CIM_Service : CIM_EnabledLogicalElement
  boolean: Started
  string: CreationClassName PrimaryOwnerContact PrimaryOwnerName StartMode
    SystemCreationClassName SystemName
CIM_SettingData : CIM_ManagedElement
CIM_SettingsDefineState
  reference: ManagedElement SettingData
CIM_SnapshotOfVirtualSystem : CIM_Dependency
CIM_StorageAllocationSettingData : CIM_ResourceAllocationSettingData
  string: HostExtentName OtherHostExtentNameFormat OtherHostExtentNameNamespace
  uint16: Access HostExtentNameFormat HostExtentNameNamespace
  uint64: HostExtentStartingAddress HostResourceBlockSize VirtualResourceBlockSize
CIM_System : CIM_EnabledLogicalElement
  string: CreationClassName NameFormat PrimaryOwnerContact PrimaryOwnerName
  string[]: IdentifyingDescriptions OtherIdentifyingInfo Roles
CIM_UserDevice : CIM_LogicalDevice
  boolean: IsLocked
CIM_View : CIM_ManagedElement
CIM_VirtualEthernetSwitchSettingData : CIM_VirtualSystemSettingData
  string[]: AssociatedResourcePool VLANConnection
  uint32: MaxNumMACAddress
CIM_VirtualSystemManagementService : CIM_Service
  AddResourceSettings() ResultingResourceSettings=reference[]
  ModifyResourceSettings() ResultingResourceSettings=reference[]
CIM_VirtualSystemSettingData : CIM_SettingData
  datetime: AutomaticStartupActionDelay CreationTime
  string: ConfigurationDataRoot ConfigurationFile ConfigurationID LogDataRoot
    RecoveryFile SnapshotDataRoot SuspendDataRoot SwapFileDataRoot
    VirtualSystemIdentifier VirtualSystemType
  string[]: Notes
  uint16: AutomaticRecoveryAction AutomaticShutdownAction AutomaticStartupAction
    AutomaticStartupActionSequenceNumber
CIM_VirtualSystemSnapshotService : CIM_Service
Msvm_AffectedJobElement : CIM_AffectedJobElement
  key: AffectedElement AffectingElement
Msvm_BootSourceSettingData : CIM_SettingData
  key: InstanceID
  string: BootSourceDescription FirmwareDevicePath OtherLocation
  uint32: BootSourceType
  uint8[]: OptionalData
Msvm_ComputerSystem : CIM_ComputerSystem
  key: CreationClassName Name
  datetime: LastApplicationConsistentReplicationTime LastReplicationTime
    LastSuccessfulBackupTime TimeOfLastConfigurationChange
  string: ManagementVtlImageFileName ManagementVtlImageVersion
  uint16: EnhancedSessionModeState FailedOverReplicationType LastReplicationType
    NumberOfNumaNodes ReplicationHealth ReplicationMode ReplicationState
  uint32: HwThreadsPerCoreRealized ProcessID
  uint64: OnTimeInMilliseconds
Msvm_ConcreteJob : CIM_ConcreteJob
  key: InstanceID
  boolean: Cancellable
  string: ErrorSummaryDescription
  uint16: JobType
  GetErrorEx() Errors=string[]
Msvm_EmulatedEthernetPortSettingData : CIM_EthernetPortAllocationSettingData
  key: InstanceID
  boolean: ClusterMonitored StaticMacAddress
Msvm_Error : CIM_Error
Msvm_EthernetPortAllocationSettingData : CIM_EthernetPortAllocationSettingData
  key: InstanceID
  string: CompartmentGuid LastKnownSwitchName PortName TestReplicaPoolID
    TestReplicaSwitchName
  string[]: RequiredFeatureHints RequiredFeatures
  uint16: EnabledState
Msvm_EthernetSwitchPort : CIM_EthernetPort
  key: SystemCreationClassName SystemName CreationClassName DeviceID
  uint32: IOVOffloadUsage VMQOffloadUsage
Msvm_EthernetSwitchPortBandwidthSettingData : Msvm_EthernetSwitchPortFeatureSettingData
  key: InstanceID
  uint64: BurstLimit BurstSize Limit Reservation Weight
Msvm_EthernetSwitchPortFeatureSettingData : Msvm_FeatureSettingData
Msvm_EthernetSwitchPortSecuritySettingData : Msvm_EthernetSwitchPortFeatureSettingData
  key: InstanceID
  boolean: AllowIeeePriorityTag AllowMacSpoofing AllowTeaming EnableDhcpGuard
    EnableFixSpeed10G EnableRouterGuard Reserved
  string: TeamName
  uint32: DynamicIPAddressLimit StormLimit TeamNumber VirtualSubnetId
  uint8: MonitorMode MonitorSession
Msvm_EthernetSwitchPortVlanSettingData : Msvm_EthernetSwitchPortFeatureSettingData
  key: InstanceID
  uint16: AccessVlanId NativeVlanId PrimaryVlanId SecondaryVlanId
  uint16[]: PruneVlanIdArray SecondaryVlanIdArray TrunkVlanIdArray
  uint32: OperationMode PvlanMode
Msvm_ExternalEthernetPort : CIM_EthernetPort
  key: SystemCreationClassName SystemName CreationClassName DeviceID
  boolean: IsBound
  string[]: AdditionalAvailability
Msvm_FeatureSettingData : CIM_SettingData
Msvm_GuestNetworkAdapterConfiguration
  key: InstanceID
  boolean: DHCPEnabled
  string: InstanceID
  string[]: DNSServers DefaultGateways IPAddresses Subnets
  uint16: ProtocolIFType
  uint16[]: IPAddressOrigins
Msvm_HeartbeatComponent : CIM_LogicalDevice
  key: SystemCreationClassName SystemName CreationClassName DeviceID
Msvm_ImageManagementService : CIM_Service
  key: SystemCreationClassName SystemName CreationClassName Name
  GetVHDSnapshotInformation() SnapshotInformation=string[]
  GetVirtualDiskChanges() ProcessedByteLength=uint64 ChangedByteOffsets=uint64[]
    ChangedByteLengths=uint64[]
Msvm_InternalEthernetPort : CIM_EthernetPort
  key: SystemCreationClassName SystemName CreationClassName DeviceID
Msvm_Keyboard : CIM_UserDevice
  key: SystemCreationClassName SystemName CreationClassName DeviceID
  boolean: UnicodeSupported
  string: Layout
  uint16: NumberOfFunctionKeys Password
  IsKeyPressed() KeyState=boolean
Msvm_KvpExchangeComponent : CIM_LogicalDevice
  key: SystemCreationClassName SystemName CreationClassName DeviceID
  string[]: GuestExchangeItems GuestIntrinsicExchangeItems
Msvm_KvpExchangeComponentSettingData : CIM_ResourceAllocationSettingData
  key: InstanceID
  boolean: DisableHostKVPItems
  string[]: HostExchangeItems HostOnlyItems
  uint16: EnabledState
Msvm_KvpExchangeDataItem : CIM_ManagedElement
  key: InstanceID
  string: Data Name
  uint16: Source
Msvm_MemorySettingData : CIM_ResourceAllocationSettingData
  key: InstanceID
  boolean: DynamicMemoryEnabled HugePagesEnabled IsVirtualized SgxEnabled
    SwapFilesInUse
  string: SgxLaunchControlDefault
  uint32: SgxLaunchControlMode TargetMemoryBuffer
  uint64: MaxMemoryBlocksPerNumaNode SgxSize
  uint8: MemoryAccessTrackingPolicy MemoryEncryptionPolicy
Msvm_MigrationJob : CIM_ConcreteJob
  key: InstanceID
  boolean: Cancellable
  string: DestinationHost ErrorSummaryDescription NewSystemSettingData
    VirtualSystemName
  string[]: NewResourceSettingData
  uint16: JobType MigrationType
  GetErrorEx() Errors=string[]
Msvm_PlannedComputerSystem : CIM_ComputerSystem
  key: CreationClassName Name
  datetime: TimeOfLastConfigurationChange
  uint16[]: AssignedNumaNodeList
  uint32: ProcessID
  uint64: OnTimeInMilliseconds
Msvm_ProcessorSettingData : CIM_ResourceAllocationSettingData
  key: InstanceID
  boolean: AllowACountMCount DisableSpeculationControls EnableHostResourceProtection
    EnableLegacyApicMode EnablePerfmonArchPmu EnablePerfmonIpt EnablePerfmonLbr
    EnablePerfmonPebs EnablePerfmonPmu EnableSocketTopology
    ExposeVirtualizationExtensions HideHypervisorPresent LimitCPUID
    LimitProcessorFeatures
  string: CpuBrandString CpuGroupId EnlightenmentSet ProcessorFeatureSet
  uint16: ExtendedVirtualizationExtensions L3ProcessorDistributionPolicy
    LimitProcessorFeaturesMode
  uint32: L3CacheWays MaxClusterCountPerSocket MaxHwIsolatedGuests
    MaxProcessorCountPerL3 PerfCpuFreqCapMhz PhysicalAddressWidth
  uint64: HwThreadsPerCore MaxNumaNodesPerSocket MaxProcessorsPerNumaNode
  uint8: ApicMode EnablePageShattering
Msvm_ResourceAllocationSettingData : CIM_ResourceAllocationSettingData
  key: InstanceID
  string[]: VirtualSystemIdentifiers
  uint8: TargetVtl
Msvm_ResourcePool : CIM_ResourcePool
  key: InstanceID
Msvm_SecuritySettingData : CIM_SettingData
  key: InstanceID
  boolean: AppContainerLaunchOptOut BindToHostTpm DataProtectionRequested
    EncryptStateAndVmMigrationTraffic KsdEnabled ShieldingRequested TpmEnabled
    VirtualizationBasedSecurityOptOut
Msvm_SerialPortSettingData : CIM_ResourceAllocationSettingData
  key: InstanceID
  boolean: DebuggerMode
Msvm_SettingsDefineState : CIM_SettingsDefineState
  key: ManagedElement SettingData
Msvm_ShutdownComponent : CIM_LogicalDevice
  key: SystemCreationClassName SystemName CreationClassName DeviceID
Msvm_SnapshotOfVirtualSystem : CIM_SnapshotOfVirtualSystem
  key: Antecedent Dependent
Msvm_StorageAllocationSettingData : CIM_StorageAllocationSettingData
  key: InstanceID
  boolean: IgnoreFlushes PersistentReservationsSupported
  string: IOPSAllocationUnits SnapshotId StorageQoSPolicyID
  uint16: CachingMode WriteHardeningMethod
  uint64: IOPSLimit IOPSReservation
Msvm_StorageJob : CIM_ConcreteJob
  key: InstanceID
  boolean: Cancellable
  string: Child ErrorSummaryDescription Parent
  uint16: JobType
  uint32: JobCompletionStatusCode
  GetErrorEx() Errors=string[]
Msvm_SummaryInformation : Msvm_SummaryInformationBase
  key: InstanceID
  boolean: MemorySpansPhysicalNumaNodes Shielded SwapFilesInUse
  object[]: AsynchronousTasks Snapshots
  reference: TestReplicaSystem
  sint32: AvailableMemoryBuffer MemoryAvailable
  string: AllocatedGPU GuestOperatingSystem
  string[]: ReplicationProviderId
  uint16: ApplicationHealth Heartbeat IntegrationServicesVersionState ProcessorLoad
    ReplicationHealth ReplicationMode ReplicationState ThumbnailImageHeight
    ThumbnailImageWidth
  uint16[]: ProcessorLoadHistory ReplicationHealthEx ReplicationStateEx
  uint64: HypervisorPartitionId MemoryUsage
  uint8[]: ThumbnailImage
Msvm_SummaryInformationBase : CIM_View
  datetime: CreationTime
  string: HostComputerSystemName Name Notes OtherEnabledState Version
    VirtualSystemSubType
  string[]: StatusDescriptions VirtualSwitchNames
  uint16: EnabledState EnhancedSessionModeState HealthState NumberOfProcessors
  uint16[]: OperationalStatus
  uint64: UpTime
Msvm_SyntheticEthernetPortSettingData : CIM_EthernetPortAllocationSettingData
  key: InstanceID
  boolean: AllowDirectTranslatedP2P AllowPacketDirect ClusterMonitored
    DeviceNamingEnabled InterruptModeration NumaAwarePlacement StaticMacAddress
  string[]: VirtualSystemIdentifiers
  uint32: MediaType
Msvm_VirtualEthernetSwitch : CIM_ComputerSystem
  key: CreationClassName Name
  uint32: MaxIOVOffloads MaxVMQOffloads
Msvm_VirtualEthernetSwitchManagementService : CIM_VirtualSystemManagementService
  key: SystemCreationClassName SystemName CreationClassName Name
  AddFeatureSettings() ResultingFeatureSettings=reference[]
  ModifyFeatureSettings() ResultingFeatureSettings=reference[]
Msvm_VirtualEthernetSwitchSettingData : CIM_VirtualEthernetSwitchSettingData
  key: InstanceID
  boolean: AllowNetLbfoTeams BypassExtensionStack IOVPreferred PacketDirectEnabled
    TeamingEnabled
  string[]: ExtensionOrder RequiredExtensionIds
  uint32: BandwidthReservationMode
Msvm_VirtualHardDiskSettingData : CIM_SettingData
  key: InstanceID
  boolean: IsPmemCompatible
  string: ParentIdentifier ParentPath ParentTimestamp Path VirtualDiskId
  uint16: Format PmemAddressAbstractionType Type
  uint32: BlockSize LogicalSectorSize PhysicalSectorSize
  uint64: DataAlignment MaxInternalSize
Msvm_VirtualHardDiskState
  boolean: InUse
  string: Timestamp
  uint32: Alignment FragmentationPercentage PhysicalSectorSize
  uint64: FileSize MinInternalSize
Msvm_VirtualSystemManagementService : CIM_VirtualSystemManagementService
  key: SystemCreationClassName SystemName CreationClassName Name
  AddBootSourceSettings() ResultingBootSourceSettings=reference[]
  AddFeatureSettings() ResultingFeatureSettings=reference[]
  AddGuestServiceSettings() ResultingGuestServiceSettings=reference[]
  AddSystemComponentSettings() ResultingComponentSettings=reference[]
  GenerateWwpn() GeneratedWwpn=string[]
  GetDefinitionFileSummaryInformation() SummaryInformation=object[]
  GetSizeOfSystemFiles() Size=uint64
  GetSummaryInformation() SummaryInformation=object[]
  GetVirtualSystemThumbnailImage() ImageData=uint8[]
  ImportSnapshotDefinitions() ImportedSnapshots=reference[]
  ModifyFeatureSettings() ResultingFeatureSettings=reference[]
  ModifyGuestServiceSettings() ResultingGuestServiceSettings=reference[]
  ModifySystemComponentSettings() ResultingComponentSettings=reference[]
  TestNetworkConnection() RoundTripTime=uint32
Msvm_VirtualSystemManagementServiceSettingData : CIM_SettingData
  key: InstanceID
  boolean: EnhancedSessionModeEnabled HypervisorRootSchedulerEnabled
    NumaSpanningEnabled
  string: BiosLockString CurrentWWNNAddress DefaultExternalDataRoot
    DefaultVirtualHardDiskPath MaximumMacAddress MaximumWWPNAddress MinimumMacAddress
    MinimumWWPNAddress PrimaryOwnerContact PrimaryOwnerName
  uint16: DefaultVirtualHardDiskCachingMode HypervisorSnpStatus HypervisorTdxStatus
  uint32: HbaLunTimeout
Msvm_VirtualSystemSettingData : CIM_VirtualSystemSettingData
  key: InstanceID
  boolean: AllowFullSCSICommandSet AllowReducedFcRedundancy AutomaticSnapshotsEnabled
    BIOSNumLock BootPciExpress EnableHibernation GuestControlledCacheTypes
    GuestStateIsolationEnabled IncrementalBackupEnabled IsAutomaticSnapshot IsSaved
    LockOnDisconnect PauseAfterBootFailure SecureBootEnabled TurnOffOnGuestRestart
    VirtualNumaEnabled WatchdogEnabled
  datetime: AutomaticCriticalErrorActionTimeout
  string: AdditionalRecoveryInformation Architecture BIOSGUID BIOSSerialNumber
    BaseBoardSerialNumber BootPciExpressInstanceFilter ChassisAssetTag
    ChassisSerialNumber FirmwareFile GuestStateDataRoot GuestStateFile
    MemoryHostingJobObjectName Parent ParentPackage SecureBootTemplateId Version
    VirtualSystemSubType WorkerJobObjectName
  string[]: BootSourceOrder NumaNodeTopologyArray
  uint16: AutomaticCriticalErrorAction ClusterWideNodeCapabilitiesValidationMode
    ConsoleMode DebugPortEnabled EnhancedSessionTransportType GuestStateIsolationMode
    GuestStateIsolationType NetworkBootPreferredProtocol UserSnapshotType
    VMBusMessageRedirection VirtualSlitType Vtl2AddressSpaceConfigurationMode
  uint16[]: BootOrder
  uint32: DebugChannelId DebugPort
  uint64: GuestFeatureSet HighMmioGapBase HighMmioGapSize LowMmioGapSize
    Vtl2AddressRangeBase Vtl2AddressRangeSize Vtl2MmioAddressRangeSize
  uint8[]: FirmwareParameters
Msvm_VirtualSystemSnapshotService : CIM_VirtualSystemSnapshotService
  key: SystemCreationClassName SystemName CreationClassName Name
Msvm_VirtualSystemSnapshotSettingData : CIM_SettingData
  key: InstanceID
  boolean: IgnoreNonSnapshottableDisks
  uint8: ConsistencyLevel GuestBackupType
Win32_ComputerSystem
  key: Name
  boolean: AutomaticManagedPagefile AutomaticResetBootOption AutomaticResetCapability
    BootROMSupported DaylightInEffect EnableDaylightSavingsTime HypervisorPresent
    InfraredSupported NetworkServerModeEnabled PartOfDomain PowerManagementSupported
  datetime: InstallDate
  sint16: CurrentTimeZone ResetCount ResetLimit
  sint64: PauseAfterReset
  string: BootupState Caption ChassisSKUNumber CreationClassName DNSHostName
    Description Domain LastLoadInfo Manufacturer Model Name NameFormat
    PrimaryOwnerContact PrimaryOwnerName Status SystemFamily SystemSKUNumber
    SystemType UserName Workgroup
  string[]: InitialLoadInfo OEMStringArray Roles SupportContactDescription
    SystemStartupOptions
  uint16: AdminPasswordStatus BootOptionOnLimit BootOptionOnWatchDog
    ChassisBootupState DomainRole FrontPanelResetStatus KeyboardPasswordStatus
    PCSystemType PCSystemTypeEx PowerOnPasswordStatus PowerState PowerSupplyState
    ResetCapability SystemStartupDelay ThermalState WakeUpType
  uint16[]: BootStatus PowerManagementCapabilities
  uint32: NumberOfLogicalProcessors NumberOfProcessors
  uint64: TotalPhysicalMemory
  uint8: SystemStartupSetting
  uint8[]: OEMLogoBitmap
Win32_ComputerSystemProduct
  key: IdentifyingNumber Name Version
  string: Caption Description IdentifyingNumber Name SKUNumber UUID Vendor Version
Win32_LogicalDisk
  key: DeviceID
  boolean: Compressed ConfigManagerUserConfig ErrorCleared PowerManagementSupported
    QuotasDisabled QuotasIncomplete QuotasRebuilding SupportsDiskQuotas
    SupportsFileBasedCompression VolumeDirty
  datetime: InstallDate
  string: Caption CreationClassName Description DeviceID ErrorDescription
    ErrorMethodology FileSystem Name PNPDeviceID ProviderName Purpose Status
    SystemCreationClassName SystemName VolumeName VolumeSerialNumber
  uint16: Access Availability StatusInfo
  uint16[]: PowerManagementCapabilities
  uint32: ConfigManagerErrorCode DriveType LastErrorCode MaximumComponentLength
    MediaType
  uint64: BlockSize FreeSpace NumberOfBlocks Size
Win32_OperatingSystem
  key: Name
  boolean: DataExecutionPrevention_32BitApplications DataExecutionPrevention_Available
    DataExecutionPrevention_Drivers Debug Distributed PAEEnabled
    PortableOperatingSystem Primary
  datetime: InstallDate LastBootUpTime LocalDateTime
  sint16: CurrentTimeZone
  string: BootDevice BuildNumber BuildType CSCreationClassName CSDVersion CSName
    Caption CodeSet CountryCode CreationClassName Description Locale Manufacturer Name
    OSArchitecture Organization OtherTypeDescription PlusProductID PlusVersionNumber
    RegisteredUser SerialNumber Status SystemDevice SystemDirectory SystemDrive
    Version WindowsDirectory
  string[]: MUILanguages
  uint16: OSType ServicePackMajorVersion ServicePackMinorVersion
  uint32: EncryptionLevel LargeSystemCache MaxNumberOfProcesses NumberOfLicensedUsers
    NumberOfProcesses NumberOfUsers OSLanguage OSProductSuite OperatingSystemSKU
    ProductType SuiteMask
  uint64: FreePhysicalMemory FreeSpaceInPagingFiles FreeVirtualMemory
    MaxProcessMemorySize SizeStoredInPagingFiles TotalSwapSpaceSize
    TotalVirtualMemorySize TotalVisibleMemorySize
  uint8: DataExecutionPrevention_SupportPolicy ForegroundApplicationBoost
Win32_Processor
  key: DeviceID
  boolean: ConfigManagerUserConfig ErrorCleared PowerManagementSupported
    SecondLevelAddressTranslationExtensions VMMonitorModeExtensions
    VirtualizationFirmwareEnabled
  datetime: InstallDate
  string: AssetTag Caption CreationClassName Description DeviceID ErrorDescription
    Manufacturer Name OtherFamilyDescription PNPDeviceID PartNumber ProcessorId Role
    SerialNumber SocketDesignation Status Stepping SystemCreationClassName SystemName
    UniqueId Version
  uint16: AddressWidth Architecture Availability CpuStatus CurrentVoltage DataWidth
    Family Level LoadPercentage ProcessorType Revision StatusInfo UpgradeMethod
  uint16[]: PowerManagementCapabilities
  uint32: Characteristics ConfigManagerErrorCode CurrentClockSpeed ExtClock
    L2CacheSize L2CacheSpeed L3CacheSize L3CacheSpeed LastErrorCode MaxClockSpeed
    NumberOfCores NumberOfEnabledCore NumberOfLogicalProcessors ThreadCount
    VoltageCaps
"""
